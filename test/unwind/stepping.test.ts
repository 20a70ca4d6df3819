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
  /** Chains that end early, where that is allowed. */
  readonly cut: number;
  /** `MODULE FUNCTION_START COUNT`; the start is 0 where no call-frame data covers the code. */
  readonly differs: readonly string[];
  /** The first differences in full. */
  readonly report: string;
}

function singleStep(program: string, ...flags: readonly string[]): Outcome {
  const lines = replay(['step', ...flags, program]);
  const [, steps, , equal, , cut] = lines.find((line) => line.startsWith('steps '))?.split(' ') ?? [];
  const differs = lines.filter((line) => line.startsWith('differs ')).map((line) => line.slice(8));
  const report = lines.filter((line) => line.startsWith('at ')).join('\n');
  return { steps: Number(steps), equal: Number(equal), cut: Number(cut), differs, report };
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

for (const { source, flags } of programs.filter((program) => program.source === 'shapes.c')) {
  test(`of pc and sp alone, ${source} built with ${flags.slice(0, 3).join(' ')}: true callers or an early end`, (t) => {
    if (!hasTools(t, 'gcc')) return;
    const { steps, equal, cut, differs, report } = singleStep(compile(source, flags), '--pc-and-sp');
    assert.deepEqual(differs, [], report);
    assert.equal(equal + cut, steps);
    // With frame pointers the sampled function itself needs rbp, but for a thread that stands at a system call.
    const least = flags.includes('-fno-omit-frame-pointer') ? 0.1 : 0.5;
    assert.ok(equal / steps > least, `${equal} of ${steps} are whole`);
  });
}
