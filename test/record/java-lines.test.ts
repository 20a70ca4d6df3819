/** Lines at which Java methods stand, on each JDK of the machine, against a program that shows where they must be. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runtimePlaceOf } from '../../src/profile/runtime-place.ts';
import { startCapture, untilStatus } from '../helpers/capture.ts';
import { jdks, linesIn, markedLine, startJava } from '../helpers/java-target.ts';

// Few: on a machine that others use, a program gets a small part of its time.
const samples = 200;

/** Weight (ns) by line of each method, by what its row says; 0: no line. */
async function capturedLines(
  t: TestContext,
  pid: number,
  rows: Iterable<string>,
): Promise<Map<string, Map<number, number>>> {
  const session = await startCapture(t, pid, { frequencyHz: 499 });
  await untilStatus(session, ({ samples: seen }) => seen >= samples, `${samples} samples`);
  await session.stop();
  const found = new Map<string, Map<number, number>>();
  for (const name of rows) {
    const script = /\S+(?=:\d+$)/.exec(name)?.[0] ?? assert.fail(name);
    const func = { id: 0, name, module: 'java', kind: 'runtime' as const, script };
    const lines = new Map<number, number>();
    for (const { frame, totalNs } of session.profile.hotAddresses(func, {
      threads: new Set(),
    })) {
      const { line } = runtimePlaceOf(frame.address);
      lines.set(line, (lines.get(line) ?? 0) + totalNs);
    }
    found.set(name, lines);
  }
  return found;
}

function shareAt(lines: ReadonlyMap<number, number>, ...wanted: readonly number[]): number {
  const total = [...lines.values()].reduce((sum, each) => sum + each, 0);
  return wanted.reduce((sum, line) => sum + (lines.get(line) ?? 0), 0) / total;
}

const apart = ['-XX:CompileCommand=quiet', '-XX:CompileCommand=dontinline,Lines.*'];
// What was inlined into the innermost code has a line only where its place is described.
const modes = [
  { words: 'compiled, as the JVM chooses', flags: [], hasAll: false },
  { words: 'compiled apart', flags: apart, hasAll: true },
  { words: 'compiled apart by C1', flags: ['-XX:TieredStopAtLevel=1', ...apart], hasAll: true },
  { words: 'interpreter', flags: ['-Xint'], hasAll: true },
];

for (const { version, home } of jdks) {
  for (const { words, flags, hasAll } of modes) {
    test(`JDK ${version}, ${words}: methods stand at the lines where they call, none elsewhere`, async (t) => {
      const target = await startJava(t, home, 'Lines', flags);
      const tables = linesIn('Lines');
      const found = await capturedLines(t, target.pid, tables.keys());
      for (const [row, lines] of found) {
        const stray = [...lines.keys()].filter((line) => line !== 0 && !tables.get(row)?.has(line));
        assert.deepEqual(stray, [], `${row}: lines of no bytecode`);
      }
      const isAt = (method: string, marks: readonly string[], least: number) => {
        const [, lines] =
          [...found].find(([row]) => row.startsWith(`Lines.${method} `)) ?? assert.fail(method);
        const wanted = marks.map((mark) => markedLine('Lines', mark));
        const share = shareAt(lines, ...wanted, ...(hasAll ? [] : [0]));
        assert(share > least, `${method}: ${JSON.stringify([...lines])}`);
      };
      isAt('hot', ['one', 'two'], 0.97);
      isAt('main', ['three'], 0.97);
      if (hasAll) isAt('hot', ['one'], 0.02);
      if (hasAll) isAt('hot', ['two'], 0.02);
      if (words === 'interpreter') isAt('count', ['loop', 'body'], 0.95);
    });
  }
}
