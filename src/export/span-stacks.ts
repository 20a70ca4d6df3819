/**
 * The stacks of a run by engine span, or by engine, for formats that keep them apart. Exact where the profile knows the span of each
 * stack; a file of another tool does not: there each stack has part in a span as the span has in the whole.
 */
import type { Thread } from '../profile/batch.ts';
import { markedLabels } from '../profile/frames.ts';
import type { ProfileMeta, SpanMeta } from './meta.ts';
import { processThread, stacksByThread, type ThreadStacks, wholeSteps } from './stacks.ts';
import type { RunSummary } from './summary.ts';

export interface SpanStacks {
  readonly span: SpanMeta;
  readonly threads: readonly ThreadStacks[];
}

export interface EngineStacks {
  readonly engine: string;
  readonly threads: readonly ThreadStacks[];
}

/** Stacks of a thread in the order of the spans that saw them. */
export interface TimedStacks {
  readonly thread: Thread;
  readonly weightNs: number;
  readonly nodes: Uint32Array;
  /** Whole ns. */
  readonly weightsNs: Float64Array;
  /** When each ends, in ns since the begin: they follow each other through their span, each as long as its part of it. */
  readonly timesNs: Float64Array;
}

/** By thread, heaviest first; the time that no sample carries comes last. A stack stands once for each span. */
export function stacksInTime(run: RunSummary, meta: ProfileMeta): TimedStacks[] {
  const parts = new Map<Thread, { readonly span: SpanMeta; readonly stacks: ThreadStacks }[]>();
  for (const { span, threads } of spanStacks(run, meta)) {
    for (const stacks of threads) {
      parts.set(stacks.thread, [...(parts.get(stacks.thread) ?? []), { span, stacks }]);
    }
  }
  const whole = wholeSteps();
  const threads = Array.from(parts, ([thread, ofThread]): TimedStacks => {
    const weightsNs = Float64Array.from(
      ofThread.flatMap(({ stacks }) => Array.from(stacks.weightsNs, whole)),
    );
    return {
      thread,
      weightNs: weightsNs.reduce((sum, ns) => sum + ns, 0),
      nodes: Uint32Array.from(ofThread.flatMap(({ stacks }) => Array.from(stacks.nodes))),
      weightsNs,
      timesNs: Float64Array.from(ofThread.flatMap(({ span, stacks }) => endsIn(span, stacks))),
    };
  });
  const isProcess = ({ thread }: TimedStacks): number => Number(thread === processThread);
  return threads.sort((a, b) => isProcess(a) - isProcess(b) || b.weightNs - a.weightNs);
}

function endsIn({ startNs, endNs }: SpanMeta, { weightsNs, weightNs }: ThreadStacks): number[] {
  let beforeNs = 0;
  return Array.from(weightsNs, (ns) => {
    beforeNs += ns;
    return Math.round(startNs + (weightNs > 0 ? (endNs - startNs) * Math.min(1, beforeNs / weightNs) : 0));
  });
}

/**
 * In the order of the spans; a run that ended before it had one is one span. Weights may be fractions of a ns; over all
 * spans they add up to the weight of the run.
 */
export function spanStacks(run: RunSummary, meta: ProfileMeta): SpanStacks[] {
  const spans = meta.spans.length > 0 ? meta.spans : [{ ...meta, startNs: 0, endNs: meta.durationNs }];
  const threads = groupStacks(
    run,
    spans.map((span) => [span]),
  );
  return spans.map((span, i) => ({ span, threads: threads[i] ?? [] }));
}

/** The same by engine, in whole ns: where a format parts stacks by engine, not by span. */
export function engineStacks(run: RunSummary, meta: ProfileMeta): EngineStacks[] {
  const engines = [...new Set(meta.spans.map(({ engine }) => engine))];
  const [only = ''] = engines;
  if (engines.length <= 1) return [{ engine: only, threads: stacksByThread(run.profile) }];
  const groups = engines.map((engine) => meta.spans.filter((span) => span.engine === engine));
  const threads = groupStacks(run, groups);
  const whole = wholeSteps();
  return engines.map((engine, i) => ({
    engine,
    threads: (threads[i] ?? []).map((thread) => {
      const weightsNs = thread.weightsNs.map(whole);
      return { ...thread, weightsNs, weightNs: weightsNs.reduce((sum, ns) => sum + ns, 0) };
    }),
  }));
}

type Group = readonly SpanMeta[];

/** The threads of each group. */
function groupStacks(run: RunSummary, groups: readonly Group[]): (readonly ThreadStacks[])[] {
  if (groups.length <= 1) return [stacksByThread(run.profile)];
  return knowsSpans(run, groups.flat()) ? exactStacks(run, groups) : dividedStacks(run, groups);
}

/** Whether each stack belongs to one of the spans. */
function knowsSpans({ profile }: RunSummary, spans: readonly SpanMeta[]): boolean {
  const leftNs = new Map(spans.map(({ number, weightNs }) => [number, weightNs]));
  if (leftNs.has(undefined) || leftNs.size < spans.length) return false;
  for (const { span, weightNs } of profile.placedStacks()) {
    const before = leftNs.get(span);
    if (before === undefined) return false;
    leftNs.set(span, before - weightNs);
  }
  // A file that lost the spans of its stacks has all of them in one.
  return [...leftNs.values()].every((ns) => ns > -1e3);
}

function exactStacks({ profile }: RunSummary, groups: readonly Group[]): ThreadStacks[][] {
  const unsampled = profile.unsampled().map(({ node, weightNs }) => {
    const shares = unsampledShares(profile.tree.functionOf(node).name, groups);
    return { node, weightsNs: shares.map((share) => weightNs * share) };
  });
  return groups.map((group, i) => {
    const rows = unsampled
      .map(({ node, weightsNs }) => ({ node, weightNs: weightsNs[i] as number }))
      .filter(({ weightNs }) => weightNs > 0);
    const numbers = new Set(group.map(({ number }) => number as number));
    return [...stacksByThread(profile, numbers), ...(rows.length > 0 ? [processStacks(rows)] : [])];
  });
}

function processStacks(rows: readonly { readonly node: number; readonly weightNs: number }[]): ThreadStacks {
  return {
    thread: processThread,
    weightNs: rows.reduce((sum, { weightNs }) => sum + weightNs, 0),
    nodes: Uint32Array.from(rows, ({ node }) => node),
    weightsNs: Float64Array.from(rows, ({ weightNs }) => weightNs),
    samples: new Float64Array(rows.length),
  };
}

/** Time that no sample carries belongs to the spans whose clock counted more than their samples weigh. */
function unsampledShares(label: string, groups: readonly Group[]): number[] {
  const isKernel = label === markedLabels.kernelNotSampled;
  const gapOf = ({ kernelPart, cpuTimeNs, weightNs, unit }: SpanMeta): number =>
    unit === 'cpu' && (kernelPart === 'excluded') === isKernel ? Math.max(0, cpuTimeNs - weightNs) : 0;
  return shares(groups.map((group) => group.reduce((sum, span) => sum + gapOf(span), 0)));
}

function dividedStacks({ profile }: RunSummary, groups: readonly Group[]): ThreadStacks[][] {
  const all = stacksByThread(profile);
  const weights = groups.map((group) => group.reduce((sum, { weightNs }) => sum + weightNs, 0));
  return shares(weights).map((share, i) =>
    all.map((thread) => ({
      ...thread,
      weightNs: thread.weightNs * share,
      weightsNs: thread.weightsNs.map((ns) => ns * share),
      // A sample is counted once.
      samples: i === 0 ? thread.samples : new Float64Array(thread.samples.length),
    })),
  );
}

/** Parts of 1; the last has all when there is nothing to go by. */
function shares(weights: readonly number[]): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight, i) => (all > 0 ? weight / all : Number(i === weights.length - 1)));
}
