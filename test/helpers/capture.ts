/** A capture session driven by the test itself: for what needs its methods (switching, resetting) and not the program. */
import type { TestContext } from 'node:test';
import { loadNative } from '../../src/engine/native.ts';
import { CaptureSession } from '../../src/engine/session.ts';
import type { EngineAsk } from '../../src/engine/status.ts';
import { describeTarget } from '../../src/engine/target.ts';
import { writeJson } from '../../src/export/json.ts';
import type { RecordedProfile } from './cli.ts';

export interface CaptureOptions {
  readonly asked?: EngineAsk;
  readonly frequencyHz?: number;
}

export async function startCapture(
  t: TestContext,
  pid: number,
  { asked = 'cpu', frequencyHz = 499 }: CaptureOptions = {},
): Promise<CaptureSession> {
  const session = await CaptureSession.start({
    target: describeTarget(pid),
    asked,
    strict: false,
    frequencyHz,
    native: loadNative(),
    workerUrl: new URL('../../dist/symbolizer-worker.js', import.meta.url),
  });
  t.after(() => session.stop());
  return session;
}

/** What `record -f json` would write of the session as it is now. */
export function recorded(session: CaptureSession): RecordedProfile {
  const { profile, status } = session;
  const text = [...writeJson({ version: 'test', profile, ...status })].join('');
  return JSON.parse(text) as RecordedProfile;
}
