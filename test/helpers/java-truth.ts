/** What the JDK's own tools say of a running program: its threads' stacks, the calls it was seen in, and those it can make. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { Profile } from '../../src/profile/profile.ts';
import { runtimePlaceOf } from '../../src/profile/runtime-place.ts';

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
