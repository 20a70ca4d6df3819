/** The program: command line in, exit code out. The only place that ends the process. */

import { CommandError } from './commands/command-error.ts';
import { demo } from './commands/demo.ts';
import { diffCommand } from './commands/diff.ts';
import { doctor } from './commands/doctor.ts';
import { findTarget } from './commands/find-target.ts';
import { liveCommand, liveView } from './commands/live.ts';
import { exportCommand, openCommand } from './commands/open.ts';
import { pickAndView } from './commands/pick.ts';
import { recordCommand, recordProcess } from './commands/record.ts';
import { version } from './commands/version.ts';
import { loadConfig } from './config.ts';
import { LaunchFailed } from './engine/launch.ts';
import { NativeMissing } from './engine/native.ts';
import { TargetRefused } from './engine/target.ts';
import { helpText, type Invocation, parseCommandLine, type Settings, UsageError } from './options.ts';
import { setKeys } from './tui/keys/keymap.ts';

const note = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function run(invocation: Invocation): Promise<number> {
  switch (invocation.command) {
    case 'help':
      process.stdout.write(helpText());
      return 0;
    case 'version':
      print(`prof-tui ${version}`);
      return 0;
    case 'doctor':
      return doctor(invocation.target, !invocation.options.noInject, print);
    case 'demo':
      await demo(invocation.options, note);
      return 0;
    case 'record':
      await recordProcess(findTarget(invocation.target), invocation.options, note);
      return 0;
    case 'open':
      await openCommand(invocation.file, invocation.options);
      return 0;
    case 'export':
      await exportCommand(invocation.file, invocation.options);
      return 0;
    case 'diff':
      await diffCommand(...invocation.files, invocation.options);
      return 0;
    case 'record-launch':
      return recordCommand(invocation.argv, invocation.options, note);
    case 'live-launch':
      return liveCommand(invocation.argv, invocation.options, note);
    case 'pick':
      await pickAndView(invocation.options, note);
      return 0;
    case 'live':
      await liveView(findTarget(invocation.target), invocation.options, note);
      return 0;
  }
}

/** The exit code of an expected error; undefined for a bug. */
function exitCodeOf(error: unknown): number | undefined {
  if (error instanceof UsageError) return 2;
  if (error instanceof CommandError || error instanceof TargetRefused) return error.exitCode;
  if (error instanceof NativeMissing || error instanceof LaunchFailed) return 1;
  return undefined;
}

/** The user's own defaults and keys; help and version are shown whatever stands in the config file. */
function settings(): Settings {
  const config = loadConfig(process.env);
  setKeys(config.keys);
  return config.settings;
}

/** A reader that closed the pipe early is not a bug: `prof-tui … | head`. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(1);
  throw error;
});

try {
  process.exitCode = await run(parseCommandLine(process.argv.slice(2), settings));
} catch (error) {
  const code = exitCodeOf(error);
  if (code === undefined) throw error;
  note(`prof-tui: ${(error as Error).message}`);
  process.exitCode = code;
}
// Handles of a session that was refused half-way must not keep the program.
process.exit();
