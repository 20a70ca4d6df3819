/** The live view of a process; without a terminal it records a few seconds and prints the text report. */
import { loadNative } from '../engine/native.ts';
import type { Target } from '../engine/status.ts';
import type { Options } from '../options.ts';
import { CommandError } from './command-error.ts';
import { recordProcess } from './record.ts';
import { startSession } from './start-session.ts';
import { version } from './version.ts';

// Long enough for a few hundred samples of a busy thread, short enough to wait for.
const reportNs = 5e9;

export async function liveView(
  target: Target,
  options: Options,
  note: (line: string) => void,
): Promise<void> {
  if (!process.stdout.isTTY || process.env['TERM'] === 'dumb') {
    const durationNs = options.durationNs ?? reportNs;
    return recordProcess(target, { ...options, durationNs, format: options.format ?? 'text' }, note);
  }
  const session = await startSession(target, options);
  const native = loadNative();
  // Imported here: Ink costs a quarter of a second that `record` need not pay.
  const { LiveViewFailed, runLiveView } = await import('../tui/run.tsx');
  try {
    await runLiveView(session, {
      ascii: options.ascii,
      color: !options.noColor && (process.env['NO_COLOR'] ?? '') === '',
      version,
      crashGuard: {
        arm: (leaveSequence) => native.guardTerminal(1, leaveSequence),
        release: () => native.releaseTerminal(),
      },
    });
  } catch (error) {
    if (error instanceof LiveViewFailed) throw new CommandError(error.message, 1);
    throw error;
  }
}
