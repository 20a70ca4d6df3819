/** Stacks of Go where it leaves the goroutine's own stack or is interrupted: cgo both ways, preemption. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type RecordedNode, recordCpu } from '../helpers/cli.ts';
import { buildGo } from '../helpers/go-target.ts';
import { hasTool } from '../helpers/tools.ts';
import { chainTo, paths } from '../helpers/tree.ts';

/** Records 3 s of it; `seconds` of CPU where what is looked for is rare. */
async function record(t: TestContext, program: string, engine: string, args: string[] = [], seconds = 3) {
  const target = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => target.kill('SIGKILL'));
  await once(target.stdout, 'data');
  const { tree } = await recordCpu(target.pid ?? 0, seconds, ['-F', 499, '-e', engine]);
  target.kill('SIGKILL');
  return tree;
}

/** Weight of the nodes themselves whose chain, from the root's child on, fits. */
function weightOf(tree: RecordedNode, fits: (chain: readonly string[]) => boolean): number {
  let sum = 0;
  for (const { node, path } of paths(tree)) {
    if (fits(path.slice(1).map(({ name }) => name))) sum += node.selfNs;
  }
  return sum;
}

const goMain = 'runtime.goexit › runtime.main › main.main';
const callsC = `${goMain} › main.inC › main._Cfunc_c_burn › runtime.cgocall › runtime.asmcgocall`;
const calledBack = `${goMain} › main.throughC › main._Cfunc_c_call_back › runtime.cgocall › runtime.cgocallback`;

for (const engine of ['cpu', 'ctimer']) {
  test(`cgo, ${engine}: no stack of C has another's callers, and callbacks reach the goroutine's first function`, async (t) => {
    if (!hasTool(t, 'go', 'golang-go')) return;
    const tree = await record(t, buildGo('cgo'), engine);
    const inC = chainTo(tree, 'c_spin').map((chain) => chain.replace(/_cgo_\w+_Cfunc_/, '_cgo_'));
    assert(inC.length > 0);
    for (const chain of inC) {
      const callers = chain.replace(/ › _cgo_c_burn › c_burn › c_spin$/, '');
      assert([callsC, '[truncated] › runtime.asmcgocall'].includes(callers), chain);
    }
    const back = chainTo(tree, 'main.goBurn');
    assert(back.length > 0);
    for (const chain of back) assert(chain.startsWith(`${calledBack} › `), chain);
    // Twice as many turns in C's callback as without; ticks of the CPU clock make some 400 samples of it.
    const spins = (under: string) =>
      weightOf(tree, (chain) => chain.at(-1) === 'main.spin' && chain.includes(under));
    const [through, all] = [spins('main.throughC'), spins('main.main')];
    assert(Math.abs(through / all - 2 / 3) < 0.08, `${through} of ${all}`);
  });

  test(`cgo, ${engine}: C that is called from one place has its callers`, async (t) => {
    if (!hasTool(t, 'go', 'golang-go')) return;
    const tree = await record(t, buildGo('cgo', ['-ldflags=-s -w']), engine, ['alone']);
    const inC = weightOf(tree, (chain) => chain.includes('runtime.asmcgocall'));
    const rooted = weightOf(tree, (chain) => chain.join(' › ').startsWith(callsC));
    assert(inC > 0.6 * tree.totalNs, `${inC} of ${tree.totalNs}`);
    // Some are read while the goroutine is on its way from one call to the next.
    assert(rooted > 0.6 * inC, `${rooted} of ${inC}`);
  });

  test(`Go, ${engine}: a function without a frame that is interrupted keeps its caller`, async (t) => {
    if (!hasTool(t, 'go', 'golang-go')) return;
    // Timers fire where Go's runtime interrupts, which leaves few samples behind it.
    const tree = await record(t, buildGo('preempted'), engine, [], engine === 'cpu' ? 3 : 12);
    const chains = chainTo(tree, 'runtime.asyncPreempt').filter((chain) => chain.includes('main.spin'));
    assert(chains.length > 0);
    for (const chain of chains) {
      assert.equal(
        chain,
        'runtime.goexit › main.main.func1 › main.caller › main.spin › runtime.asyncPreempt',
      );
    }
  });
}

test('Go, cpu: what the runtime does on a stack of its own for a goroutine stands on what the goroutine does', async (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const tree = await record(t, buildGo('allocating'), 'cpu');
  const apart = weightOf(tree, ([first]) => first === 'runtime.systemstack');
  assert(apart < 0.1 * tree.totalNs, `${apart} of ${tree.totalNs} begin at runtime.systemstack`);
  const [chain = ''] = chainTo(tree, 'runtime.(*mheap).alloc.func1');
  assert.match(
    chain,
    /^runtime\.goexit › runtime\.main › .* › runtime\.\(\*mheap\)\.alloc › runtime\.systemstack › /,
  );
});
