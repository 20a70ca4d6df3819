/** What the JDK's own tools say of a running program: its threads' stacks, the calls it was seen in, and those it can make. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Profile } from '../../src/profile/profile.ts';
import { runtimePlaceOf } from '../../src/profile/runtime-place.ts';
import type { RecordedNode } from './cli.ts';
import { compiledClasses } from './java-target.ts';

export interface JavaPlace {
  /** `com.example.Main.run`; of hidden classes without their address. */
  readonly method: string;
  /** The line at which it stands; 0: none (native methods, hidden classes). */
  readonly line: number;
}

/** Each thread's frames, innermost first, by thread id, from `jstack`; threads without any are left out. */
export function stacksByJstack(home: string, pid: number): Map<number, JavaPlace[]> {
  const text = execFileSync(join(home, 'bin/jstack'), [String(pid)], { encoding: 'utf8' });
  const stacks = new Map<number, JavaPlace[]>();
  for (const part of text.split(/\n(?=")/)) {
    const tid = Number(/ nid=(0x[0-9a-f]+|\d+) /.exec(part)?.[1]);
    const frames = [...part.matchAll(/^\tat (?:[\w.@]+\/\/)?(.+)\(([^()]*)\)$/gm)].map(
      ([, method, where]) => ({
        method: String(method).replace(/\/0x[0-9a-f]+/, ''),
        line: Number(/:(\d+)$/.exec(where ?? '')?.[1] ?? 0),
      }),
    );
    if (frames.length > 0) stacks.set(tid, frames);
  }
  return stacks;
}

/** A stack's frames of Java methods, innermost first, as a profile has them. */
export function javaFrames({ tables }: Profile, stack: number): JavaPlace[] {
  return tables.stacks.framesOf(stack).flatMap((id) => {
    const name = tables.frames.nameOf(id);
    const method = name?.runtime === 'java' ? name.name.split(' ')[0] : undefined;
    // Code of the JVM itself, such as its stubs, has a name without a class.
    if (method === undefined || !method.includes('.')) return [];
    return [{ method, line: runtimePlaceOf(tables.frames.frame(id).address).line }];
  });
}

/** By thread id each stack of Java methods that it was seen in, innermost frame first. */
export function stacksOf(profile: Profile): Map<number, JavaPlace[][]> {
  const stacks = new Map<number, JavaPlace[][]>();
  for (const { rows } of profile.rows()) {
    rows.stack.forEach((stack, row) => {
      const tid = profile.threads[rows.thread[row] ?? 0]?.tid ?? 0;
      stacks.set(tid, [...(stacks.get(tid) ?? []), javaFrames(profile, stack)]);
    });
  }
  return stacks;
}

/** `Caller.method > Callee.method` of neighbours in a chain of methods, outermost first. */
const pairsIn = (chain: readonly string[]): string[] =>
  chain.slice(1).map((callee, i) => `${chain[i]} > ${callee}`);

/** Weight (ns) of the calls in a recorded tree, by caller and callee; across what says that frames are missing there is none. */
export function callsIn(root: RecordedNode): Map<string, number> {
  const calls = new Map<string, number>();
  const todo = [{ node: root, caller: '' }];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const { node, caller } = next;
    const method = node.name.split(' ')[0] ?? '';
    const isMethod = node.runtime === 'java' && method.includes('.');
    const isGap = node.name === '[truncated]' || node.name === '[jit: no symbols]';
    const call = `${caller} > ${method}`;
    if (isMethod && caller !== '') calls.set(call, (calls.get(call) ?? 0) + node.totalNs);
    for (const child of node.children)
      todo.push({ node: child, caller: isMethod ? method : isGap ? '' : caller });
  }
  return calls;
}

interface JfrEvent {
  readonly values: {
    readonly stackTrace: {
      readonly frames: readonly {
        readonly method: { readonly type: { name: string }; readonly name: string };
      }[];
    };
  };
}

/** How many samples of the JDK's Flight Recorder had each call, by caller and callee, and how many there were. */
export async function callsByJfr(home: string, pid: number, seconds: number) {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-jfr-'));
  const file = join(folder, 'calls.jfr');
  const run = (tool: string, ...args: readonly (string | number)[]) =>
    execFileSync(join(home, 'bin', tool), args.map(String), { encoding: 'utf8', maxBuffer: 1 << 30 });
  run('jcmd', pid, 'JFR.start', 'name=calls', 'settings=profile');
  await delay(seconds * 1000);
  run('jcmd', pid, 'JFR.stop', 'name=calls', `filename=${file}`);
  const printed = run(
    'jfr',
    'print',
    '--stack-depth',
    256,
    '--events',
    'jdk.ExecutionSample',
    '--json',
    file,
  );
  rmSync(folder, { recursive: true });
  const { recording } = JSON.parse(printed) as { recording: { events: readonly JfrEvent[] } };
  const calls = new Map<string, number>();
  for (const { values } of recording.events) {
    const chain = values.stackTrace.frames.map(({ method }) => {
      const name = method.type.name.replaceAll('/', '.').replace(/(\$\$Lambda(?:\$\d+)?)[.+]0x.*$/, '$1');
      return `${name}.${method.name}`;
    });
    for (const call of new Set(pairsIn(chain.reverse()))) calls.set(call, (calls.get(call) ?? 0) + 1);
  }
  return { samples: recording.events.length, calls };
}

/** Whether some bytecode makes a call, by `javap`: of a class that is known by name, native ones call whatever they like. */
export function bytecodeCalls(home: string, callers: Iterable<string>): (call: string) => boolean {
  const classes = new Set([...callers].map((caller) => classOf(caller)));
  const args = ['-p', '-v', '-cp', compiledClasses(), ...classes];
  const text = execFileSync(join(home, 'bin/javap'), args, {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const made = new Map<string, Set<string>>();
  const handles = new Map<string, Set<string>>();
  let [owner, method] = ['', ''];
  const add = (to: Map<string, Set<string>>, key: string, called: string) =>
    to.set(
      key,
      (to.get(key) ?? new Set()).add(called.slice(called.lastIndexOf('.') + 1).replaceAll('"', '')),
    );
  for (const line of text.split('\n')) {
    owner = /^(?:[\w.]+ )*(?:class|interface|enum) ([\w.$]+)/.exec(line)?.[1] ?? owner;
    if (/^ {2}[a-z].*;$/.test(line)) {
      const declared = /([\w.$]+)\(/.exec(line)?.[1];
      method = declared === undefined ? '<clinit>' : declared === owner ? '<init>' : declared;
      if (/ native /.test(line)) add(made, `${owner}.${method}`, '*');
    }
    const called = /^ +\d+: invoke\w+ .*\/\/ (?:Interface)?Method ([^:]+):/.exec(line)?.[1];
    if (called !== undefined) add(made, `${owner}.${method}`, called);
    const handle = /REF_\w+ ([^:]+):/.exec(line)?.[1];
    if (handle !== undefined) add(handles, owner, handle);
  }
  return (call) => {
    const [caller = '', callee = ''] = call.split(' > ');
    const name = callee.slice(callee.lastIndexOf('.') + 1);
    if (caller.includes('$$Lambda')) return handles.get(classOf(caller))?.has(name) === true;
    const calls = made.get(caller);
    return name === '<clinit>' || calls?.has(name) === true || calls?.has('*') === true;
  };
}

/** The class of a method; of a lambda's the one that it is written in. */
const classOf = (method: string): string =>
  method.slice(0, method.lastIndexOf('.')).replace(/\$\$Lambda.*/, '');
