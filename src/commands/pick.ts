/** `prof-tui` alone: the user picks a process, then it is shown live. */
import { loadNative } from '../engine/native.ts';
import { probeCapabilities } from '../engine/probe.ts';
import { ProcessList } from '../engine/process-list.ts';
import { lookAt } from '../engine/process-look.ts';
import { readProcessStat, TargetRefused } from '../engine/target.ts';
import { type Options, UsageError } from '../options.ts';
import type { Picked, PickerStart } from '../tui/run-picker.tsx';
import { CommandError } from './command-error.ts';
import { findTarget } from './find-target.ts';
import { hasScreen, liveView, onScreen, screenOptions } from './live.ts';

/** @throws UsageError without a terminal: there is nobody to pick */
export async function pickAndView(options: Options, note: (line: string) => void): Promise<void> {
  if (!hasScreen()) {
    throw new UsageError('which process? give a pid or a part of its name, or see `prof-tui --help`');
  }
  const native = loadNative();
  const list = new ProcessList();
  const source = {
    read: (nowMs: number) => list.read(nowMs),
    look(pid: number) {
      const stat = readProcessStat(pid);
      if (stat === undefined || stat.state === 'Z') return undefined;
      return lookAt(probeCapabilities(native, pid, !options.noInject), pid, options.engine, options.strict);
    },
  };
  const { runPicker } = await import('../tui/run-picker.tsx');
  await pickUntilShown(
    (start) => onScreen(runPicker(source, screenOptions(options), start)),
    (pid) => liveView(findTarget(String(pid)), options, note),
  );
}

/**
 * Picks and shows; where the process cannot be attached to after all (it ended meanwhile, say), the picker comes again,
 * as it was, and says why.
 * @returns when the view has ended or the user has left the picker
 */
export async function pickUntilShown(
  pick: (start: PickerStart) => Promise<Picked | undefined>,
  show: (pid: number) => Promise<void>,
): Promise<void> {
  let start: PickerStart = { filter: '', message: '' };
  for (;;) {
    const picked = await pick(start);
    if (picked === undefined) return;
    try {
      return await show(picked.pid);
    } catch (error) {
      const message = refusalOf(error);
      if (message === undefined) throw error;
      start = { filter: picked.filter, message };
    }
  }
}

/** No such process, or not permitted; what else goes wrong ends the program. */
const refusalCodes: readonly number[] = [3, 4];

function refusalOf(error: unknown): string | undefined {
  const isRefusal =
    error instanceof TargetRefused ||
    (error instanceof CommandError && refusalCodes.includes(error.exitCode));
  return isRefusal ? error.message.split('\n')[0] : undefined;
}
