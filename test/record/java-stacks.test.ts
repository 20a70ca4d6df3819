/** Stacks of Java threads against what the JDK's own tools say of the same process, on each JDK of the machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCapture, untilStatus } from '../helpers/capture.ts';
import { recordCpu } from '../helpers/cli.ts';
import { jdks, startJava } from '../helpers/java-target.ts';
import { bytecodeCalls, callsByJfr, callsIn, stacksByJstack, stacksOf } from '../helpers/java-truth.ts';

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

  test(`JDK ${version}: each call is one that the bytecode makes or JFR saw, and what JFR saw is there`, async (t) => {
    const target = await startJava(t, home, 'Calls');
    // From its first moments on: code is compiled, replaced and freed meanwhile.
    const profile = await recordCpu(target.pid, 6, ['-F', 999], { deadlineMs: 180_000 });
    const jfr = await callsByJfr(home, target.pid, 8);
    const ours = callsIn(profile.tree);
    const isMade = bytecodeCalls(
      home,
      [...ours.keys()].map((call) => call.split(' > ')[0] ?? ''),
    );
    const wrong = [...ours].filter(([call]) => !isMade(call) && !jfr.calls.has(call));
    assert.deepEqual(wrong, []);
    // It says of more code than is described what was inlined there.
    const seen = [...jfr.calls].reduce((sum, [, count]) => sum + count, 0);
    const shared = [...jfr.calls].reduce((sum, [call, count]) => sum + (ours.has(call) ? count : 0), 0);
    assert(jfr.samples > 20, `${jfr.samples} samples of JFR`);
    assert(shared > 0.9 * seen, `${shared} of ${seen} calls that JFR saw`);
    assert.equal(await target.ask(), '0');
  });
}
