/** Starts a session for a command, and turns every expected refusal into one error with its exit code. */
import { endLine, type LaunchedCommand } from '../engine/launch.ts';
import { loadNative, NativeMissing } from '../engine/native.ts';
import { CaptureSession, NotPermitted, TargetGone } from '../engine/session.ts';
import type { Target } from '../engine/status.ts';
import { describeTarget } from '../engine/target.ts';
import type { Options } from '../options.ts';
import { CommandError } from './command-error.ts';
import { refusalReport } from './doctor.ts';

/** @throws CommandError */
export async function startSession(
  target: Target,
  options: Options,
  describeEnd?: () => string | undefined,
): Promise<CaptureSession> {
  try {
    return await CaptureSession.start({
      target,
      asked: options.engine,
      strict: options.strict,
      mayInject: !options.noInject,
      followForks: options.followForks,
      frequencyHz: options.frequencyHz,
      native: loadNative(),
      workerUrl: new URL('./symbolizer-worker.js', import.meta.url),
      describeEnd,
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

/**
 * Starts capture on a command that stands before its first instruction, then lets it run. Where capture is refused
 * the command is ended: not one instruction of it has run.
 * @throws CommandError, LaunchFailed
 */
export async function startLaunched(command: LaunchedCommand, options: Options): Promise<CaptureSession> {
  const describeEnd = () => {
    const { end } = command;
    return end === undefined ? undefined : endLine(command.name, end);
  };
  let session: CaptureSession | undefined;
  try {
    session = await startSession(describeTarget(command.pid), options, describeEnd);
    command.release();
    return session;
  } catch (error) {
    command.signal('SIGKILL');
    await session?.stop();
    throw error;
  }
}
