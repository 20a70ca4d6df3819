/**
 * What every file says of a run besides its stacks: one set of keys, made here and nowhere else. Each writer maps it
 * to the place where its format's own tools show it; none invents a key. Table: docs/formats.md, "Metadata".
 */
import type { RunSummary, SpanSummary } from './summary.ts';

export type Unit = 'cpu' | 'wall';

export interface SpanMeta extends SpanSummary {
  readonly unit: Unit;
}

export interface ProfileMeta {
  readonly tool: string;
  /** Version of this set of keys. */
  readonly schema: number;
  readonly pid: number;
  /** The path only: arguments may hold secrets. */
  readonly exe: string;
  /** When the recording began, ISO 8601, UTC. */
  readonly start: string;
  readonly durationNs: number;
  readonly frequencyHz: number;
  /** What ran; the distinct values of the spans in their order, joined by `+`. So are the words below. */
  readonly engine: string;
  readonly asked: string;
  readonly planned: string;
  readonly reason: string;
  readonly mechanism: string;
  readonly kernelPart: string;
  readonly kernelSymbols: string;
  /** The smallest of the spans. */
  readonly periodNs: number;
  readonly weightNs: number;
  readonly samples: number;
  readonly lost: number;
  readonly throttled: number;
  readonly truncated: number;
  readonly skipped: number;
  readonly unit: Unit;
  readonly cpuTimeNs: number;
  readonly accounted: number | null;
  /** Settings of the machine as they were read; null where it has none. */
  readonly paranoid: number | null;
  readonly kptr: number | null;
  readonly kernel: string;
  readonly arch: string;
  readonly warnings: readonly string[];
  readonly spans: readonly SpanMeta[];
}

/** The keys of a run, in the order in which every format writes them. Pure. */
export function profileMeta(run: RunSummary): ProfileMeta {
  const { target, accounting, environment } = run;
  const spans = run.spans.map((span): SpanMeta => ({ ...span, unit: span.unit === 'wall' ? 'wall' : 'cpu' }));
  const words = (read: (span: SpanMeta) => string, separator = '+'): string =>
    [...new Set(spans.map(read))].join(separator);
  const sum = (read: (span: SpanMeta) => number): number =>
    spans.reduce((total, span) => total + read(span), 0);
  return {
    tool: `prof-tui ${run.version}`,
    schema: 1,
    pid: target.pid,
    exe: target.exe,
    start: run.recordedAt,
    durationNs: run.elapsedNs,
    frequencyHz: run.frequencyHz,
    engine: words((span) => span.engine),
    asked: words((span) => span.asked),
    planned: words((span) => span.planned),
    reason: words((span) => span.reason, '; '),
    mechanism: words((span) => span.mechanism),
    kernelPart: words((span) => span.kernelPart),
    kernelSymbols: words((span) => span.kernelSymbols),
    periodNs: smallestPeriodNs(run),
    weightNs: accounting.weightNs,
    samples: sum((span) => span.samples),
    lost: sum((span) => span.lost),
    throttled: sum((span) => span.throttled),
    truncated: sum((span) => span.truncated),
    skipped: sum((span) => span.skipped),
    unit: spans.length > 0 && spans.every((span) => span.unit === 'wall') ? 'wall' : 'cpu',
    cpuTimeNs: accounting.cpuTimeNs,
    accounted: accounting.accounted ?? null,
    paranoid: environment.paranoid ?? null,
    kptr: environment.kptr ?? null,
    kernel: environment.kernel,
    arch: environment.arch,
    warnings: run.warnings.map((warning) => warning.code),
    spans,
  };
}

/**
 * The same as flat text, for formats whose slots are strings: a key without a value is left out, and the keys of each
 * span stand beside those of the whole as `span.0.engine` when there is more than one.
 */
export function metaEntries(meta: ProfileMeta): readonly (readonly [key: string, value: string])[] {
  const { spans, ...whole } = meta;
  const ofSpans = spans.length > 1 ? spans.flatMap((span, i) => entriesOf(span, `span.${i}.`)) : [];
  return [...entriesOf(whole, ''), ...ofSpans];
}

function entriesOf(keys: object, prefix: string): (readonly [string, string])[] {
  return Object.entries(keys)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => [`${prefix}${key}`, Array.isArray(value) ? value.join(' ') : String(value)]);
}

function smallestPeriodNs(run: RunSummary): number {
  if (run.spans.length === 0) return Math.round(1e9 / run.frequencyHz);
  return Math.min(...run.spans.map((span) => span.periodNs));
}
