/**
 * Freezes a process by the cgroup freezer, as `docker pause` does: either version of cgroups, where one is mounted.
 * The group is thawed and removed when the test is over, whatever happened.
 */
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface Freezer {
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

interface Hierarchy {
  readonly root: string;
  readonly file: string;
  readonly frozen: string;
  readonly thawed: string;
  readonly isFrozen: (group: string) => boolean;
}

function mountPoint(fits: (type: string, options: string) => boolean): string | undefined {
  const lines = readFileSync('/proc/mounts', 'utf8').split('\n');
  const found = lines
    .map((line) => line.split(' '))
    .find(([, , type = '', options = '']) => fits(type, options));
  return found?.[1];
}

function hierarchies(): Hierarchy[] {
  const first = mountPoint((type, options) => type === 'cgroup' && options.split(',').includes('freezer'));
  const second = mountPoint((type) => type === 'cgroup2');
  const list: Hierarchy[] = [];
  if (first !== undefined) {
    const isFrozen = (group: string) =>
      readFileSync(join(group, 'freezer.state'), 'utf8').trim() === 'FROZEN';
    list.push({ root: first, file: 'freezer.state', frozen: 'FROZEN', thawed: 'THAWED', isFrozen });
  }
  if (second !== undefined) {
    const isFrozen = (group: string) =>
      /^frozen 1$/m.test(readFileSync(join(group, 'cgroup.events'), 'utf8'));
    list.push({ root: second, file: 'cgroup.freeze', frozen: '1', thawed: '0', isFrozen });
  }
  return list;
}

/** Puts the process into a group of its own; undefined, and the test skipped by name, where no freezer is mounted. */
export function freezerFor(t: TestContext, pid: number): Freezer | undefined {
  for (const { root, file, frozen, thawed, isFrozen } of hierarchies()) {
    const group = join(root, `prof-tui-test-${pid}`);
    try {
      mkdirSync(group);
    } catch {
      // Read-only, or not ours: the other one, perhaps.
      continue;
    }
    const until = async (wanted: boolean): Promise<void> => {
      const deadline = Date.now() + 5000;
      while (isFrozen(group) !== wanted) {
        if (Date.now() > deadline)
          throw new Error(`${group} is not ${wanted ? 'frozen' : 'thawed'} after 5 s`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    const set = async (isWanted: boolean): Promise<void> => {
      writeFileSync(join(group, file), isWanted ? frozen : thawed);
      await until(isWanted);
    };
    t.after(async () => {
      await set(false);
      if (existsSync(`/proc/${pid}`)) writeFileSync(join(root, 'cgroup.procs'), String(pid));
      rmdirSync(group);
    });
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
    return { freeze: () => set(true), thaw: () => set(false) };
  }
  t.skip('needs a cgroup freezer that this user may use');
  return undefined;
}
