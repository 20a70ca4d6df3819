/** Our chain of a stopped process against gdb's, which reads .eh_frame with code of its own. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasRoot, hasTools, replay, startTarget, stop, untilBusy, workFolder } from './replay.ts';
import { workloads } from './workloads.ts';

const stops = 4;

/** Prints the pc of each real frame; inlined ones have none of their own. */
const script = join(workFolder, 'frames.py');
writeFileSync(
  script,
  `import gdb
frame = gdb.newest_frame()
while frame is not None:
    if frame.type() != gdb.INLINE_FRAME:
        print("frame", frame.type() == gdb.SIGTRAMP_FRAME, "%x" % frame.pc())
    frame = frame.older()
`,
);

/** The addresses to look up, leaf first: one less for return addresses, as an Unwinder gives them. */
function gdbChain(pid: number): readonly string[] {
  const settings = [
    'set backtrace past-main on',
    'set backtrace past-entry on',
    'set debuginfod enabled off',
  ];
  const commands = [...settings, `attach ${pid}`, `source ${script}`, 'detach'];
  const output = execFileSync('gdb', ['-nx', '-batch', ...commands.flatMap((line) => ['-ex', line])], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env['PATH'] ?? '' },
  });
  const frames = output.split('\n').flatMap((line) => {
    const [word, isTrampoline, pc = ''] = line.split(' ');
    return word === 'frame' ? [{ isTrampoline: isTrampoline === 'True', pc: BigInt(`0x${pc}`) }] : [];
  });
  return frames.map(({ pc }, index) => {
    const isExact = index === 0 || frames[index - 1]?.isTrampoline === true;
    return (isExact ? pc : pc - 1n).toString(16);
  });
}

for (const workload of workloads()) {
  test(`gdb finds the same callers: ${workload.title}`, async (t) => {
    if (!hasRoot(t) || !hasTools(t, 'gdb', workload.tool)) return;
    const pid = startTarget(t, workload.command, workload.args);
    for (let round = 1; round <= stops; round++) {
      await untilBusy(pid, 15 + round * 7);
      await stop(pid);
      const [end, ...chain] = replay(['live', String(pid)])[0]?.split(' ') ?? [];
      assert.deepEqual(chain, gdbChain(pid));
      assert.equal(end, 'root');
      process.kill(pid, 'SIGCONT');
    }
  });
}
