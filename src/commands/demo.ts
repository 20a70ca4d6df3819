/** `demo`: starts the built-in workload and attaches to it. It ends with us. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadNative, packageRoot } from '../engine/native.ts';
import { describeTarget } from '../engine/target.ts';
import type { Options } from '../options.ts';
import { CommandError } from './command-error.ts';
import { liveView } from './live.ts';

// The workload dies with its parent, this shell, which lives until our end of its input is closed.
const startAndWait = '"$0" >/dev/null & echo $!; exec >/dev/null; read -r _';

export async function demo(options: Options, note: (line: string) => void): Promise<void> {
  loadNative();
  const program = join(packageRoot(), 'native/build/Release/prof_tui_demo');
  if (!existsSync(program))
    throw new CommandError('the demo workload is not built: `npm run build:native`', 1);
  // It ends when we do, however we end. The shell stands between, because Node's own wait for its children would take
  // the stops of a traced child for its end.
  const shell = spawn('/bin/sh', ['-c', startAndWait, program], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await Promise.race([once(shell.stdout, 'data'), once(shell, 'close').then(() => [''])]);
  const pid = Number.parseInt(String(line), 10);
  if (Number.isNaN(pid)) throw new CommandError('the demo workload does not start', 1);
  // Until its exec it is another shell.
  while (describeTarget(pid).exe !== realpathSync(program)) await delay(2);
  try {
    await liveView(describeTarget(pid), options, note);
  } finally {
    shell.stdin.end();
  }
}
