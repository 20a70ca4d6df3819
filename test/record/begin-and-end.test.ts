/** Names of a program's first and last moments: of samples from before its runtime was there, and of those that are read when it is gone. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { keepSamples, startCapture, untilStatus } from '../helpers/capture.ts';
import { profileOf, runCli } from '../helpers/cli.ts';
import { compiledClasses, jdks, startJava } from '../helpers/java-target.ts';
import { startNode } from '../helpers/node-target.ts';
import { inclusiveShare, paths } from '../helpers/tree.ts';
import { waitForCpu } from '../helpers/truth.ts';

interface Program {
  readonly name: string;
  start(t: TestContext): Promise<{ readonly pid: number }>;
}

const programs: readonly Program[] = [
  { name: 'Node.js', start: (t) => startNode(t, 'shares.cjs', ['main']) },
  ...jdks.map(
    ({ version, home }): Program => ({
      name: `JDK ${version}`,
      start: (t) => startJava(t, home, 'Shares'),
    }),
  ),
];

for (const { name, start } of programs) {
  for (const asked of ['cpu', 'ctimer'] as const) {
    test(`${name}, ${asked}: the last samples of a program that is killed have names`, async (t) => {
      const { pid } = await start(t);
      const session = await startCapture(t, pid, { asked });
      const samples = keepSamples(session);
      await waitForCpu(pid, 1e9);
      process.kill(pid, 'SIGKILL');
      await untilStatus(session, ({ state }) => state === 'ended', 'the end');
      await session.stop();
      const { stacks, frames } = session.profile.tables;
      const last = samples.toSorted((a, b) => a.timeNs - b.timeNs).slice(-10);
      const unnamed = last.filter(({ stack }) =>
        stacks.framesOf(stack).some((frame) => frames.kindOf(frame) === 'exec-anon'),
      );
      assert.equal(last.length, 10);
      assert(unnamed.length <= 1, `${unnamed.length} of the last 10 have frames without a name`);
    });
  }
}

for (const engine of ['cpu', 'ctimer']) {
  for (const { version, home } of jdks) {
    test(`JDK ${version}, ${engine}: what is recorded of the first second has names`, async (t) => {
      const java = `ulimit -t 10; exec ${join(home, 'bin/java')} -cp ${compiledClasses()} Shares > /dev/null 2>&1`;
      const words = ['record', '-F', 499, '-e', engine, '-d', 1, '-f', 'json', '--'];
      const { tree, target } = profileOf(await runCli([...words, 'sh', '-c', java]));
      t.after(() => process.kill(target.pid, 'SIGKILL'));
      const unnamed = inclusiveShare(tree, '[jit: no symbols]');
      assert(unnamed < 0.05, `${unnamed} of the time has frames without a name`);
      assert([...paths(tree)].some(({ node }) => node.name.startsWith('Shares.main ')));
    });
  }
}
