/**
 * Unprepared programs of the language runtimes that this machine has: test/fixtures/node, java, python and go, and the
 * same process or program once more where none of its functions can be read.
 */
import { readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { RuntimeName } from '../src/profile/frames.ts';
import { refusing } from '../test/helpers/gates.ts';
import { buildGo } from '../test/helpers/go-target.ts';
import { compiledClasses, jdks } from '../test/helpers/java-target.ts';
import { nodeProgram } from '../test/helpers/node-target.ts';
import { interpreters, pythonProgram } from '../test/helpers/python-target.ts';
import { waitForCpu } from '../test/helpers/truth.ts';
import type { Scope } from './scope.ts';
import { hasCommand, startCommand } from './target.ts';

export interface RuntimeProgram {
  readonly runtime: RuntimeName;
  /** `Node.js 20.20.2, shares`. */
  readonly name: string;
  /** That reads its functions. */
  readonly engine: 'cpu' | 'ctimer';
  readonly argv: readonly string[];
}

/** Its compilers have done most of their work by then. */
const warmCpuNs = 1.5e9;

export function runtimePrograms(): RuntimeProgram[] {
  const node = (name: string): RuntimeProgram => ({
    runtime: 'node',
    name: `Node.js ${process.versions.node}, ${name}`,
    engine: 'cpu',
    argv: [process.execPath, nodeProgram(`${name}.cjs`)],
  });
  return [node('shares'), node('server'), ...javaPrograms(), ...pythonPrograms(), ...goPrograms()];
}

function javaPrograms(): RuntimeProgram[] {
  return jdks.map(({ version, home }) => ({
    runtime: 'java',
    name: `JVM ${version}`,
    engine: 'cpu',
    argv: [`${home}/bin/java`, '-Xmx256m', '-cp', compiledClasses(), 'Shares'],
  }));
}

function pythonPrograms(): RuntimeProgram[] {
  return interpreters().map(({ version, path }) => ({
    runtime: 'python',
    name: `CPython ${version}`,
    engine: 'ctimer',
    argv: [path, pythonProgram('shares.py')],
  }));
}

function goPrograms(): RuntimeProgram[] {
  if (!hasCommand('go')) return [];
  const argv = [buildGo('shares', ['-ldflags=-s -w'])];
  return [{ runtime: 'go', name: 'Go, stripped', engine: 'cpu', argv }];
}

/** The pid of a program that has run for a while. */
export async function startWarm(scope: Scope, { argv }: RuntimeProgram): Promise<number> {
  const pid = await startCommand(scope, argv);
  await waitForCpu(pid, warmCpuNs);
  return pid;
}

export interface SeenProcess {
  readonly pid: number;
  /** Words before the command of whoever looks at it. */
  readonly launcher: readonly string[];
}

/** `unreadable`: the same where no function can be read; undefined where that cannot be had. */
export interface Pair {
  readonly readable: SeenProcess;
  readonly unreadable: SeenProcess | undefined;
}

/**
 * A program whose functions are read, and the same where they are not. From outside it is one process, looked at without
 * the right to read its memory; an engine within the target needs that right for itself, so there it is a second process
 * of an interpreter that does not tell where its state is.
 */
export async function startPair(scope: Scope, program: RuntimeProgram): Promise<Pair> {
  const readable = { pid: await startWarm(scope, program), launcher: [] };
  if (program.engine === 'cpu') {
    // Not EPERM: that is tried again by /proc/PID/mem.
    const launcher = refusing('EACCES', 'process_vm_readv');
    return { readable, unreadable: { pid: readable.pid, launcher } };
  }
  const [interpreter = '', ...args] = program.argv;
  const stateless = withoutState(scope, interpreter);
  if (stateless === undefined) return { readable, unreadable: undefined };
  const argv = [...stateless, ...args];
  return { readable, unreadable: { pid: await startWarm(scope, { ...program, argv }), launcher: [] } };
}

export function endPair({ readable, unreadable }: Pair): void {
  process.kill(readable.pid, 'SIGKILL');
  if (unreadable && unreadable.pid !== readable.pid) process.kill(unreadable.pid, 'SIGKILL');
}

/** The command of a copy of CPython that exports its state under another name; undefined when a library exports it. */
function withoutState(scope: Scope, interpreter: string): string[] | undefined {
  const original = realpathSync(interpreter);
  const copy = join(scope.folder(), 'python3');
  const bytes = readFileSync(original);
  const name = '\0_PyRuntime\0';
  if (!bytes.includes(name)) return undefined;
  for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name)) bytes.write('x', at + 1);
  writeFileSync(copy, bytes, { mode: 0o755 });
  return ['env', `PYTHONHOME=${dirname(dirname(original))}`, copy];
}
