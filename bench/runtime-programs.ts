/** Unprepared programs of the language runtimes that this machine has: test/fixtures/node, java, python and go. */
import { buildGo } from '../test/helpers/go-target.ts';
import { compiledClasses, jdks } from '../test/helpers/java-target.ts';
import { nodeProgram } from '../test/helpers/node-target.ts';
import { interpreters, pythonProgram } from '../test/helpers/python-target.ts';
import { waitForCpu } from '../test/helpers/truth.ts';
import type { Scope } from './scope.ts';
import { hasCommand, startCommand } from './target.ts';

export interface RuntimeProgram {
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
    name: `Node.js ${process.versions.node}, ${name}`,
    engine: 'cpu',
    argv: [process.execPath, nodeProgram(`${name}.cjs`)],
  });
  return [node('shares'), node('server'), ...javaPrograms(), ...pythonPrograms(), ...goPrograms()];
}

function javaPrograms(): RuntimeProgram[] {
  return jdks.map(({ version, home }) => ({
    name: `JVM ${version}`,
    engine: 'cpu',
    argv: [`${home}/bin/java`, '-Xmx256m', '-cp', compiledClasses(), 'Shares'],
  }));
}

function pythonPrograms(): RuntimeProgram[] {
  return interpreters().map(({ version, path }) => ({
    name: `CPython ${version}`,
    engine: 'ctimer',
    argv: [path, pythonProgram('shares.py')],
  }));
}

function goPrograms(): RuntimeProgram[] {
  if (!hasCommand('go')) return [];
  return [{ name: 'Go, stripped', engine: 'cpu', argv: [buildGo('shares', ['-ldflags=-s -w'])] }];
}

/** The pid of a program that has run for a while. */
export async function startWarm(scope: Scope, { argv }: RuntimeProgram): Promise<number> {
  const pid = await startCommand(scope, argv);
  await waitForCpu(pid, warmCpuNs);
  return pid;
}
