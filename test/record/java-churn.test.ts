/**
 * Java programs whose code and classes come and go while they are read: classes by the thousand that are unloaded again,
 * compiled code that is invalidated, each garbage collector under pressure, a virtual machine that ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileOf, type RecordedNode, recordCpu, startCli, untilRecording } from '../helpers/cli.ts';
import { jdks, methodsIn, startJava } from '../helpers/java-target.ts';
import { callsIn } from '../helpers/java-truth.ts';
import { inclusiveShare, paths } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';

const collectors = ['G1', 'Serial', 'Parallel', 'Z'] as const;
const flagsOf = (collector: string) => [
  `-XX:+Use${collector}GC`,
  '-Xmx96m',
  '-XX:MaxMetaspaceSize=24m',
  '-XX:ReservedCodeCacheSize=12m',
];

/**
 * Where code lives for milliseconds some samples are read when other code has its place, or miss a caller (docs/runtimes.md):
 * most by weight that may be in calls that the program does not make.
 */
const mostUntrue = 0.02;

/** Class and methods of what was made carry one number: a name put together from two of them is wrong. */
function assertTrueNames(tree: RecordedNode): void {
  const truth = methodsIn('Churn');
  for (const { node } of paths(tree)) {
    if (node.name.includes(' Churn.java:') && node.name.startsWith('Churn.'))
      assert(truth.has(node.name), `no method: ${node.name}`);
    const numbers = [...node.name.matchAll(/(?:Made|work|step)(\d{5})/g)].map(([, digits]) => digits);
    assert(new Set(numbers).size < 2, node.name);
  }
  let untrueNs = 0;
  const untrue: string[] = [];
  for (const [call, weightNs] of callsIn(tree)) {
    const [caller = '', callee = ''] = call.split(' > ');
    const ofMade = /^Made(\d{5})\.(weigh|work|step)/;
    const [, number, method = ''] = ofMade.exec(callee) ?? [];
    if (number === undefined) continue;
    const callers: Record<string, string> = {
      weigh: 'Churn.hot',
      work: `Made${number}.weigh`,
      step: `Made${number}.work${number}`,
    };
    if (caller === callers[method]) continue;
    untrueNs += weightNs;
    untrue.push(call);
  }
  assert(untrueNs < tree.totalNs * mostUntrue, `${untrueNs} ns of ${tree.totalNs}: ${untrue.join(', ')}`);
}

for (const { version, home } of jdks) {
  for (const [i, collector] of collectors.entries()) {
    const engine = i % 2 === 0 ? 'cpu' : 'ctimer';
    test(`JDK ${version}, ${collector}, ${engine}: classes and code that come and go have their own names or none`, async (t) => {
      const target = await startJava(t, home, 'Churn', flagsOf(collector));
      const profile = await recordCpu(target.pid, 3, ['-F', 999, '-e', engine], { deadlineMs: 120_000 });
      assertTrueNames(profile.tree);
      const made = new Set(
        [...paths(profile.tree)].flatMap(({ node }) => /^Made\d{5}/.exec(node.name)?.[0] ?? []),
      );
      assert(made.size > 20, `${made.size} classes were seen`);
      const cut = inclusiveShare(profile.tree, '[truncated]');
      assert(cut < 0.08, `${cut} of the stacks are cut`);
      assert(inclusiveShare(profile.tree, '[jit: no symbols]') < 0.1);
      const [classes = 0, errors] = (await target.ask()).split(' ').map(Number);
      assert(classes > 100, `${classes} classes`);
      assert.equal(errors, 0);
    });
  }

  for (const engine of ['cpu', 'ctimer', 'wall']) {
    test(`JDK ${version}, ${engine}: a virtual machine that ends while it is read leaves its names`, async (t) => {
      const target = await startJava(t, home, 'Churn', flagsOf('G1'));
      const cli = startCli(['record', target.pid, '-f', 'json', '-o', '-', '-F', 499, '-e', engine]);
      await untilRecording(cli);
      await waitForCpu(target.pid, 0.5e9);
      process.kill(target.pid, 'SIGKILL');
      const { tree } = profileOf(await cli.run);
      assertTrueNames(tree);
      assert(inclusiveShare(tree, '[jit: no symbols]') < 0.1);
      assert([...paths(tree)].some(({ node }) => node.name.startsWith('Churn.hot ')));
    });
  }
}
