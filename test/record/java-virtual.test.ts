/** Virtual threads (JDK 21 and later): most of their frames are in the heap while the innermost ones run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordCpu } from '../helpers/cli.ts';
import { jdks, startJava } from '../helpers/java-target.ts';
import { paths } from '../helpers/tree.ts';

for (const { version, home } of jdks.filter((jdk) => Number.parseInt(jdk.version, 10) >= 21)) {
  for (const engine of ['cpu', 'ctimer']) {
    test(`JDK ${version}, ${engine}: a virtual thread's frames that are still in the heap are marked as missing`, async (t) => {
      const target = await startJava(t, home, 'Virtual');
      const { tree } = await recordCpu(target.pid, 2, ['-F', 499, '-e', engine], { deadlineMs: 120_000 });
      const callersOf: Record<string, readonly string[]> = {
        'Virtual.sleepAndWork': ['Virtual.descend', '[truncated]'],
        'Virtual.descend': ['Virtual.descend', 'Virtual.run', '[truncated]'],
      };
      const method = (name = '') => name.split(' ')[0] ?? '';
      let markedNs = 0;
      for (const { node, path } of paths(tree)) {
        const caller = path.at(-2)?.name;
        const callers = callersOf[method(node.name)];
        if (callers === undefined) continue;
        assert(callers.includes(method(caller)), `${caller} > ${node.name}`);
        const isBelowRun = path.some(({ name }) => name.startsWith('jdk.internal.vm.Continuation.run '));
        if (caller === '[truncated]' && isBelowRun) markedNs += node.totalNs;
      }
      assert(markedNs > 0.3 * tree.totalNs, `${markedNs} ns of ${tree.totalNs}`);
    });
  }
}
