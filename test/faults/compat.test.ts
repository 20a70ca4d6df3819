/** A 32-bit target: its stacks cannot be walked, but where it is, and all of its time, is told. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordCpu } from '../helpers/cli.ts';
import { inclusiveShare, paths } from '../helpers/tree.ts';
import { ask, assertSampled, engines } from './engines.ts';

/** Whether the program, which never ends, is run: libuv gives what the kernel refuses (ENOEXEC) to the shell, which ends. */
function isRun(program: string): boolean {
  return spawnSync(program, { stdio: 'ignore', timeout: 300, killSignal: 'SIGKILL' }).status === null;
}

for (const engine of engines) {
  test(`${engine}: a 32-bit program has its leaf under [truncated], with all of its time`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'prof-tui-compat-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const program = join(folder, 'compat');
    const flags = ['-m32', '-nostdlib', '-static', '-O1', '-fno-pie', '-no-pie'];
    const source = join(import.meta.dirname, 'compat.c');
    const built = spawnSync('gcc', [...flags, source, '-o', program], { encoding: 'utf8' });
    assert.equal(built.status, 0, built.stderr);
    if (!isRun(program))
      return t.skip('this kernel runs no 32-bit programs (CONFIG_IA32_EMULATION, ia32_emulation=)');
    const child = spawn(program, { stdio: 'ignore' });
    t.after(() => void child.kill('SIGKILL'));
    const profile = await recordCpu(child.pid ?? 0, 1.5, [...ask(engine), '-F', 499]);
    assertSampled(profile, engine);
    assert(inclusiveShare(profile.tree, '[truncated]') > 0.95);
    const leaves = [...paths(profile.tree)].filter(({ path }) => path.at(-2)?.name === '[truncated]');
    const own = leaves.filter(({ node }) => node.module === 'compat');
    // With what the kernel did on top of it: interrupts hit there too.
    const share = own.reduce((sum, { node }) => sum + node.totalNs, 0) / profile.tree.totalNs;
    assert(share > 0.9, `${share} in its own code`);
  });
}
