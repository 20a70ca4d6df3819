/** Two files as one session whose view shows the difference: the banner of both, what makes them hard to compare first. Pure. */
import type { SessionStatus } from '../engine/status.ts';
import { describe } from '../engine/warnings.ts';
import { comparedProfile } from '../profile/compared-profile.ts';
import { RecordedSession } from './recorded-session.ts';

export interface ComparedFile {
  readonly name: string;
  readonly session: RecordedSession;
}

/** @param doubts what makes the two hard to compare, in sentences */
export function comparison(
  first: ComparedFile,
  second: ComparedFile,
  doubts: readonly string[],
): RecordedSession {
  const [a, b] = [first.session.status, second.session.status];
  const profile = comparedProfile(timed(first.session), timed(second.session));
  const command = `${first.name} to ${second.name}`;
  const status: SessionStatus = {
    ...b,
    source: `${first.name}, then ${second.name}`,
    comparison: `${second.name} compared with ${first.name}`,
    target: { ...b.target, pid: 0, name: command, command },
    threadCount: profile.threads.length,
    elapsedNs: profile.nowSecond * 1e9,
    samples: a.samples + b.samples,
    lost: a.lost + b.lost,
    spans: [...a.spans, ...b.spans.map((span) => shifted(span, (profile.baselineSecond ?? 0) * 1e9))],
    accounting: accountingOf(a.accounting, b.accounting),
    warnings: [
      ...doubts.map((because) => describe({ code: 'differs', because })),
      ...named(first.name, a),
      ...named(second.name, b),
    ],
  };
  return new RecordedSession(profile, status);
}

function timed({ profile, status }: RecordedSession) {
  return { profile, durationNs: status.elapsedNs };
}

function shifted(span: SessionStatus['spans'][number], ns: number): SessionStatus['spans'][number] {
  return { ...span, startNs: span.startNs + ns, endNs: span.endNs + ns };
}

function accountingOf(a: SessionStatus['accounting'], b: SessionStatus['accounting']) {
  const cpuTimeNs = a.cpuTimeNs + b.cpuTimeNs;
  const weightNs = a.weightNs + b.weightNs;
  return { ...b, cpuTimeNs, weightNs, accounted: cpuTimeNs > 0 ? weightNs / cpuTimeNs : undefined };
}

/** Whose warning it is. */
function named(name: string, { warnings }: SessionStatus): SessionStatus['warnings'] {
  return warnings.map((warning) => ({ ...warning, title: `${name}: ${warning.title}` }));
}
