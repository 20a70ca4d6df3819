/** `prof-tui` alone: the user picks a process, then it is shown live. */
import { loadNative } from '../engine/native.ts';
import { probeCapabilities } from '../engine/probe.ts';
import { ProcessList } from '../engine/process-list.ts';
import { lookAt } from '../engine/process-look.ts';
import { type Options, UsageError } from '../options.ts';
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
    look: (pid: number) =>
      lookAt(probeCapabilities(native, pid, !options.noInject), pid, options.engine, options.strict),
  };
  const { runPicker } = await import('../tui/run-picker.tsx');
  const pid = await onScreen(runPicker(source, screenOptions(options)));
  if (pid !== undefined) await liveView(findTarget(String(pid)), options, note);
}
