/** A Go server under load, with the engines of CPU time: whole stacks, names, and no request that fails. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { recordCpu } from '../helpers/cli.ts';
import { buildGo } from '../helpers/go-target.ts';
import { hasTool } from '../helpers/tools.ts';
import { inclusiveShare, nodesNamed, paths } from '../helpers/tree.ts';

/** Goroutines begin at goexit; the runtime's own work on a thread's first stack, and C, at what libc or the linker calls. */
const roots = /^(runtime\.(goexit|mstart|mcall|systemstack|rt0_go|morestack|gogo|clone)|_rt0_amd64|\[)/;

for (const engine of ['cpu', 'ctimer']) {
  test(`Go, ${engine}: a server under load has whole stacks and names, and no request fails`, async (t) => {
    if (!hasTool(t, 'go', 'golang-go')) return;
    const folder = mkdtempSync(join(tmpdir(), 'prof-tui-go-server-'));
    const program = buildGo('server', ['-ldflags=-s -w']);
    const target = spawn(program, [join(folder, 'file')], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(async () => {
      target.kill('SIGKILL');
      if (target.exitCode === null && target.signalCode === null) await once(target, 'exit');
      rmSync(folder, { recursive: true });
    });
    await once(target.stdout, 'data');
    const { tree } = await recordCpu(target.pid ?? 0, 3, ['-F', 499, '-e', engine], { deadlineMs: 120_000 });
    assert(inclusiveShare(tree, '[truncated]') < 0.02, `${inclusiveShare(tree, '[truncated]')} truncated`);
    const stray = tree.children.filter(({ name }) => !roots.test(name));
    const strayNs = stray.reduce((sum, { totalNs }) => sum + totalNs, 0);
    assert(strayNs < 0.02 * tree.totalNs, stray.map(({ name, totalNs }) => `${name} ${totalNs}`).join());
    const isUnnamed = (name: string) => /^0x|!fn_|!0x|^\[jit/.test(name);
    let unnamedNs = 0;
    for (const { node } of paths(tree)) if (isUnnamed(node.name)) unnamedNs += node.selfNs;
    assert(unnamedNs < 0.02 * tree.totalNs, `${unnamedNs} of ${tree.totalNs} unnamed`);
    assert(nodesNamed(tree, 'main.handle.func1').length > 0);
    const answer = once(target.stdout, 'data');
    target.stdin.write('\n');
    const [requests = 0, errors] = String((await answer)[0])
      .split(' ')
      .map(Number);
    assert(requests > 20, `${requests} requests`);
    assert.equal(errors, 0);
  });
}
