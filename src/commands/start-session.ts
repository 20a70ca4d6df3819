/** Starts a session for a command, and turns every expected refusal into one error with its exit code. */
import { loadNative, NativeMissing } from '../engine/native.ts';
import { CaptureSession, NotPermitted, TargetGone } from '../engine/session.ts';
import type { Target } from '../engine/status.ts';
import type { Options } from '../options.ts';
import { CommandError } from './command-error.ts';
import { refusalReport } from './doctor.ts';

/** @throws CommandError */
export async function startSession(target: Target, options: Options): Promise<CaptureSession> {
  try {
    return await CaptureSession.start({
      target,
      asked: options.engine,
      strict: options.strict,
      mayInject: !options.noInject,
      frequencyHz: options.frequencyHz,
      native: loadNative(),
      workerUrl: new URL('./symbolizer-worker.js', import.meta.url),
    });
  } catch (error) {
    if (error instanceof NativeMissing) throw new CommandError(error.message, 1);
    if (error instanceof TargetGone) {
      throw new CommandError(`${target.pid} ended before it could be profiled`, 3);
    }
    if (error instanceof NotPermitted) throw new CommandError(refusalReport(target, error), 4);
    throw error;
  }
}
