/**
 * A profile that another tool wrote, or prof-tui in another format, as a session. Our own metadata say which engine saw it;
 * without them the engine is unknown, and that is said. Pure.
 */
import type { EngineSpan, SessionStatus } from '../engine/status.ts';
import { describe, type Warning } from '../engine/warnings.ts';
import { ROOT } from '../profile/call-tree.ts';
import { markedLabels } from '../profile/frames.ts';
import type { Imported } from '../record/import/imported.ts';
import type { Facts } from '../record/recording-writer.ts';
import { readBeginning, readSpans, readStatus } from './read-status.ts';
import { RecordedSession } from './recorded-session.ts';
import type { Replay } from './replay.ts';
import { number, text } from './shape.ts';

/**
 * @param name of the file, where it does not say whose profile it is
 * @param writtenAt when the file was written (ISO 8601), where it does not say when it was captured
 */
export function importedSession(imported: Imported, name: string, writtenAt: string): Replay {
  const { profile, format, meta = {}, unitNote } = imported;
  const spans = spansOf(meta);
  const last = spans.at(-1);
  const unsampled = unsampledOf(imported);
  const from = unitNote === undefined ? format : `${format} (${unitNote})`;
  const neutral = readStatus(undefined);
  const totalNs = profile.tree.totalNs(ROOT);
  const cpuTimeNs = last === undefined ? 0 : number(meta['cpuTimeNs']);
  const status: SessionStatus = {
    ...neutral,
    state: 'recorded',
    source: `imported from ${from}`,
    target: targetOf(meta, name),
    threadCount: profile.threads.length,
    ...(last === undefined
      ? {}
      : {
          asked: last.asked,
          planned: last.planned,
          running: last.engine,
          mechanism: last.mechanism,
          unit: last.unit,
          kernelPart: last.kernelPart,
          kernelSymbols: last.kernelSymbols,
        }),
    frequencyHz: number(meta['frequencyHz']),
    elapsedNs: number(meta['durationNs']) || totalNs,
    samples: profile.samples,
    lost: number(meta['lost']),
    throttled: number(meta['throttled']),
    truncated: number(meta['truncated']),
    spans,
    accounting: {
      ...neutral.accounting,
      cpuTimeNs,
      weightNs: profile.weightNs,
      accounted: cpuTimeNs > 0 ? profile.weightNs / cpuTimeNs : undefined,
      ...unsampled,
    },
    warnings: warningsOf(imported, meta, last === undefined, from),
  };
  const begin = readBeginning({ recordedAt: meta['start'] ?? writtenAt, environment: meta });
  return { session: new RecordedSession(profile, status), begin, finalState: 'stopped' };
}

/** Of flat text the keys of a single span stand at the top. */
function spansOf(meta: Facts): readonly EngineSpan[] {
  if (meta['spans'] !== undefined) return readSpans(meta['spans']);
  return readSpans([{ ...meta, startNs: 0, endNs: meta['durationNs'] }]);
}

function targetOf(meta: Facts, name: string): SessionStatus['target'] {
  const exe = text(meta['exe']);
  const known = exe.slice(exe.lastIndexOf('/') + 1) || name;
  return { pid: number(meta['pid']), name: known, exe, command: exe || name, startedAt: '' };
}

function unsampledOf({ profile }: Imported): { unsampledNs: number; kernelNotSampledNs: number } {
  const ofLabel = (label: string): number =>
    profile
      .unsampled()
      .filter(({ node }) => profile.tree.functionOf(node).name === label)
      .reduce((sum, { weightNs }) => sum + weightNs, 0);
  const kernelNotSampledNs = ofLabel(markedLabels.kernelNotSampled);
  return { kernelNotSampledNs, unsampledNs: kernelNotSampledNs + ofLabel(markedLabels.notSampled) };
}

function warningsOf(imported: Imported, meta: Facts, isUnknown: boolean, from: string): readonly Warning[] {
  const { damage: because, format } = imported;
  const damaged = because === undefined ? [] : [describe({ code: 'import-damaged', from: format, because })];
  const unknown = isUnknown ? [describe({ code: 'imported', from })] : [];
  const codes = Array.isArray(meta['warnings']) ? meta['warnings'] : text(meta['warnings']).split(' ');
  const noted = codes.map(text).filter((code) => code !== '');
  return [
    ...damaged,
    ...unknown,
    ...noted.slice(0, 20).map((code) => describe({ code: 'noted-then', of: code })),
  ];
}
