/** `demo`: starts the built-in workload and attaches to it. It ends with us. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadNative, packageRoot } from '../engine/native.ts';
import { describeTarget } from '../engine/target.ts';
import type { Options } from '../options.ts';
import { CommandError } from './command-error.ts';
import { liveView } from './live.ts';

export async function demo(options: Options, note: (line: string) => void): Promise<void> {
  loadNative();
  const program = join(packageRoot(), 'native/build/Release/prof_tui_demo');
  if (!existsSync(program))
    throw new CommandError('the demo workload is not built: `npm run build:native`', 1);
  // Its standard input is our end of a pipe: it ends when we do, however we end.
  const workload = spawn(program, { stdio: ['pipe', 'ignore', 'inherit'] });
  if (workload.pid === undefined) throw new CommandError('the demo workload does not start', 1);
  try {
    await liveView(describeTarget(workload.pid), options, note);
  } finally {
    workload.kill('SIGKILL');
  }
}
