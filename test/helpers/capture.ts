/** A capture session driven by the test itself: for what needs its methods (switching, resetting) and not the program. */
import type { TestContext } from 'node:test';
import { beginRun, summarizeRun } from '../../src/commands/run-summary.ts';
import { loadNative } from '../../src/engine/native.ts';
import { CaptureSession } from '../../src/engine/session.ts';
import type { EngineAsk } from '../../src/engine/status.ts';
import { describeTarget } from '../../src/engine/target.ts';
import { writeJson } from '../../src/export/json.ts';
import type { RecordedProfile } from './cli.ts';

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

/** What `record -f json` would write of the session as it is now. */
export function recorded(session: CaptureSession): RecordedProfile {
  const text = [...writeJson(summarizeRun(session, beginRun(session)))].join('');
  return JSON.parse(text) as RecordedProfile;
}
