/**
 * Java programs whose code and classes come and go while they are read: classes by the thousand that are unloaded again,
 * compiled code that is invalidated, each garbage collector under pressure, a virtual machine that ends.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CaptureSession } from '../../src/engine/session.ts';
import { keepSamples, recorded, startCapture } from '../helpers/capture.ts';
import { profileOf, type RecordedNode, startCli, untilRecording } from '../helpers/cli.ts';
import { jdks, methodsIn, startJava } from '../helpers/java-target.ts';
import { callsIn, javaFrames } from '../helpers/java-truth.ts';
import { inclusiveShare, paths } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';

const collectors = ['G1', 'Serial', 'Parallel', 'Z'] as const;
const flagsOf = (collector: string) => [
  `-XX:+Use${collector}GC`,
  '-Xmx96m',
  '-XX:MaxMetaspaceSize=24m',
  '-XX:ReservedCodeCacheSize=12m',
];

/** Class and methods of what was made carry one number: a name put together from two of them is wrong. */
function assertTrueNames(tree: RecordedNode): void {
  const truth = methodsIn('Churn');
  for (const { node } of paths(tree)) {
    if (node.name.includes(' Churn.java:') && node.name.startsWith('Churn.'))
      assert(truth.has(node.name), `no method: ${node.name}`);
    const numbers = [...node.name.matchAll(/(?:Made|work|step)(\d{5})/g)].map(([, digits]) => digits);
    assert(new Set(numbers).size < 2, node.name);
  }
  const untrue: string[] = [];
  for (const call of callsIn(tree).keys()) {
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
    untrue.push(call);
  }
  assert.deepEqual(untrue, []);
}

/**
 * The number of what was made is in no sample from before it was begun or after it was dropped: of code that takes the
 * place of other code the old samples do not get the name. The session's clock began some time after `after` (ns, that of
 * the program): the one by which most samples agree.
 */
function assertLivingNames(
  { profile }: CaptureSession,
  samples: ReturnType<typeof keepSamples>,
  times: readonly number[],
  after: number,
): void {
  const numberOf = (stack: number) =>
    javaFrames(profile, stack).flatMap(({ method }) => /^Made(\d{5})/.exec(method)?.[1] ?? [])[0];
  const named = samples.flatMap(({ timeNs, stack }) => {
    const number = Number(numberOf(stack) ?? Number.NaN);
    const begunNs = times[2 * number - 2];
    const droppedNs = times[2 * number - 1];
    return droppedNs === undefined || begunNs === undefined ? [] : [{ number, timeNs, begunNs, droppedNs }];
  });
  const wrongBy = (startNs: number) =>
    named.filter(
      ({ timeNs, begunNs, droppedNs }) =>
        startNs + timeNs < begunNs - 1e6 || startNs + timeNs > droppedNs + 1e6,
    );
  const wrong = Array.from({ length: 1000 }, (_, i) => wrongBy(after + i * 0.5e6)).reduce((best, each) =>
    each.length < best.length ? each : best,
  );
  assert(named.length > 40, `${named.length} samples of what was made`);
  assert(wrong.length <= 1, `of ${named.length}: ${JSON.stringify(wrong.slice(0, 9))}`);
}

for (const { version, home } of jdks) {
  for (const [i, collector] of collectors.entries()) {
    const engine = i % 2 === 0 ? 'cpu' : 'ctimer';
    test(`JDK ${version}, ${collector}, ${engine}: classes and code that come and go have their own names or none`, async (t) => {
      const target = await startJava(t, home, 'Churn', flagsOf(collector));
      const after = Number(process.hrtime.bigint());
      const session = await startCapture(t, target.pid, { asked: engine, frequencyHz: 999 });
      const samples = keepSamples(session);
      await waitForCpu(target.pid, 3e9);
      await session.stop();
      const { tree } = recorded(session);
      assertTrueNames(tree);
      const made = new Set([...paths(tree)].flatMap(({ node }) => /^Made\d{5}/.exec(node.name)?.[0] ?? []));
      assert(made.size > 20, `${made.size} classes were seen`);
      const cut = inclusiveShare(tree, '[truncated]');
      assert(cut < 0.08, `${cut} of the stacks are cut`);
      assert(inclusiveShare(tree, '[jit: no symbols]') < 0.1);
      const [classes = 0, errors, ...times] = (await target.ask()).split(' ').map(Number);
      assertLivingNames(session, samples, times, after);
      assert(classes > 100, `${classes} classes`);
      assert.equal(errors, 0);
    });
  }

  for (const engine of ['cpu', 'ctimer', 'wall']) {
    test(`JDK ${version}, ${engine}: a virtual machine that ends while it is read leaves its names`, async (t) => {
      const target = await startJava(t, home, 'Churn', flagsOf('G1'));
      const cli = startCli(['record', target.pid, '-f', 'json', '-o', '-', '-F', 499, '-e', engine]);
      await untilRecording(cli);
      await waitForCpu(target.pid, 2e9);
      process.kill(target.pid, 'SIGKILL');
      const { tree } = profileOf(await cli.run);
      assertTrueNames(tree);
      assert(inclusiveShare(tree, '[jit: no symbols]') < 0.1);
      assert([...paths(tree)].some(({ node }) => node.name.startsWith('Churn.hot ')));
    });
  }
}
