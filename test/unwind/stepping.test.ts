/**
 * Programs run one instruction at a time: at each, the chain must equal the return addresses that the calls before
 * it really pushed. The truth comes from watching instructions (native/replay/shadow_stack.h).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, hasTools, replay } from './replay.ts';

interface Outcome {
  readonly steps: number;
  readonly equal: number;
  /** `MODULE FUNCTION_START COUNT`; the start is 0 where no call-frame data covers the code. */
  readonly differs: readonly string[];
  /** The first differences in full. */
  readonly report: string;
}

function singleStep(program: string): Outcome {
  const lines = replay(['step', program]);
  const [, steps, , equal] = lines.find((line) => line.startsWith('steps '))?.split(' ') ?? [];
  const differs = lines.filter((line) => line.startsWith('differs ')).map((line) => line.slice(8));
  const report = lines.filter((line) => line.startsWith('at ')).join('\n');
  return { steps: Number(steps), equal: Number(equal), differs, report };
}

const freestanding = ['-nostdlib', '-ffreestanding', '-fno-stack-protector', '-fasynchronous-unwind-tables'];

const programs: readonly { readonly source: string; readonly flags: readonly string[] }[] = [
  { source: 'rules.S', flags: ['-nostdlib', '-static', '-no-pie'] },
  { source: 'rules.S', flags: ['-nostdlib', '-static-pie'] },
  ...['-O0', '-O2', '-Os', '-O3'].flatMap((level) => [
    { source: 'shapes.c', flags: [level, '-fomit-frame-pointer', '-static', ...freestanding] },
    { source: 'shapes.c', flags: [level, '-fno-omit-frame-pointer', '-static-pie', ...freestanding] },
  ]),
  { source: 'shapes.c', flags: ['-O2', '-fcf-protection=full', '-static', ...freestanding] },
];

for (const { source, flags } of programs) {
  test(`every instruction of ${source} built with ${flags.slice(0, 3).join(' ')} has its true callers`, (t) => {
    if (!hasTools(t, 'gcc')) return;
    const { steps, equal, report } = singleStep(compile(source, flags));
    assert.ok(steps > 200, `only ${steps} instructions ran`);
    assert.equal(equal, steps, report);
  });
}

test('a dynamic program from the first instruction of ld.so: wrong only where no call-frame data is', (t) => {
  if (!hasTools(t, 'gcc')) return;
  const { steps, equal, differs, report } = singleStep(compile('dynamic.c', ['-O2', '-Wl,-z,lazy']));
  assert.ok(steps > 20_000, `only ${steps} instructions ran`);
  const covered = differs.filter((line) => line.split(' ')[1] !== '0');
  assert.deepEqual(covered, [], report);
  assert.ok(equal / steps > 0.999, `${equal} of ${steps}`);
});
