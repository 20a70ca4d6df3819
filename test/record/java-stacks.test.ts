/** Stacks of Java threads against what the JDK's own tools say of the same process, on each JDK of the machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCapture, untilStatus } from '../helpers/capture.ts';
import { jdks, startJava } from '../helpers/java-target.ts';
import { stacksByJstack, stacksOf } from '../helpers/java-truth.ts';

for (const { version, home } of jdks) {
  for (const [words, flags] of [
    ['compiled as the JVM chooses', []],
    ['compiled by C1', ['-XX:TieredStopAtLevel=1']],
    ['interpreted', ['-Xint']],
  ] as const) {
    test(`JDK ${version}, ${words}: threads that wait have the frames and lines that jstack has`, async (t) => {
      const target = await startJava(t, home, 'Parked', flags);
      const session = await startCapture(t, target.pid, { asked: 'wall' });
      // The last of its threads may be on its way to where it waits.
      await untilStatus(session, ({ samples }) => samples > 1000, 'samples');
      session.profile.reset();
      await untilStatus(session, ({ samples }) => samples > 1000, 'samples');
      await session.stop();
      const truth = stacksByJstack(home, target.pid);
      const found = stacksOf(session.profile);
      assert(truth.size >= 12, `${truth.size} threads with frames of Java`);
      for (const [tid, frames] of truth) {
        assert.deepEqual(found.get(tid), [frames], `thread ${tid}`);
      }
    });
  }
}
