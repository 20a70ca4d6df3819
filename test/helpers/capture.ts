/** A capture session driven by the test itself: for what needs its methods (switching, resetting) and not the program. */
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { beginRun, summarizeRun } from '../../src/commands/run-summary.ts';
import { loadNative } from '../../src/engine/native.ts';
import { CaptureSession } from '../../src/engine/session.ts';
import type { EngineAsk, SessionStatus } from '../../src/engine/status.ts';
import { describeTarget } from '../../src/engine/target.ts';
import { writeJson } from '../../src/export/json.ts';
import type { RecordedProfile } from './cli.ts';
import { type FixtureTarget, startFixture, type TargetOptions } from './target.ts';

export interface CaptureOptions {
  readonly asked?: EngineAsk;
  readonly frequencyHz?: number;
  readonly mayInject?: boolean;
}

export async function startCapture(
  t: TestContext,
  pid: number,
  { asked = 'cpu', frequencyHz = 499, mayInject = true }: CaptureOptions = {},
): Promise<CaptureSession> {
  const session = await CaptureSession.start({
    target: describeTarget(pid),
    asked,
    strict: false,
    mayInject,
    frequencyHz,
    native: loadNative(),
    workerUrl: new URL('../../dist/symbolizer-worker.js', import.meta.url),
  });
  t.after(() => session.stop());
  return session;
}

/** What a session tells of each sample from now on: its time (ns, by the session's own clock), and its stack. */
export function keepSamples(session: CaptureSession) {
  const samples: { readonly timeNs: number; readonly stack: number }[] = [];
  session.keep({
    tables: () => {},
    names: () => {},
    samples: (_unit, _span, rows) => {
      rows.stack.forEach((stack, i) => {
        const timeNs = rows.timeNs[i] ?? 0;
        // What was gathered before comes without its time.
        if ((rows.samples[i] ?? 0) > 0 && timeNs > 0) samples.push({ timeNs, stack });
      });
    },
    reset: () => {},
    status: () => {},
  });
  return samples;
}

/** Runs a command that is no child of ours: news of a child's stops are taken by Node's own wait for its end. */
export const apart = ['sh', '-c', '"$@" & wait $!', 'sh'] as const;

/** A fixture that is no child of ours. */
export function startApart(
  t: TestContext,
  name: string,
  args: readonly (string | number)[],
  options: TargetOptions = {},
): Promise<FixtureTarget> {
  return startFixture(t, name, args, { ...options, launcher: [...apart, ...(options.launcher ?? [])] });
}

/** Waits until the session says so; looked at after each of its ticks. */
export async function untilStatus(
  session: CaptureSession,
  says: (status: SessionStatus) => boolean,
  what: string,
  patienceMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!says(session.status)) {
    if (Date.now() > deadline) throw new Error(`waited for ${what}: ${JSON.stringify(session.status)}`);
    await delay(20);
  }
}

/** What `record -f json` would write of the session as it is now. */
export function recorded(session: CaptureSession): RecordedProfile {
  const text = [...writeJson(summarizeRun(session, beginRun(session)))].join('');
  return JSON.parse(text) as RecordedProfile;
}
