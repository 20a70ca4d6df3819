/**
 * Our chains against those of perf(1), which unwinds with libdw, on the very same registers and stack copies.
 * perf prints addresses as offsets in the file where it can, and return addresses as they are or one less.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { hasRoot, hasTools, replay, startTarget, untilBusy, workFolder } from './replay.ts';
import { workloads } from './workloads.ts';

interface Chain {
  readonly end: string;
  /** Absolute and as an offset in the file. */
  readonly frames: readonly (readonly [bigint, bigint])[];
}

const hex = (text = '') => BigInt(`0x${text}`);

/** perf's chains by `TID TIME`. */
function perfChains(file: string): ReadonlyMap<string, readonly bigint[]> {
  const text = execFileSync('perf', ['script', '-i', file, '--ns', '-F', 'tid,time,ip', '--no-inline'], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chains = new Map<string, bigint[]>();
  let current: bigint[] = [];
  for (const line of text.split('\n')) {
    const header = /^\s*(\d+)\s+(\d+\.\d+):/.exec(line);
    const frame = /^\s+([0-9a-f]+)/.exec(line);
    if (header) {
      current = [];
      chains.set(`${header[1]} ${header[2]}`, current);
    } else if (frame) {
      current.push(hex(frame[1]));
    }
  }
  return chains;
}

function ourChains(file: string): ReadonlyMap<string, Chain> {
  const samples = replay(['perf', file]).filter((line) => line.startsWith('sample '));
  return new Map(
    samples.map((line) => {
      const [, tid, time, end = '', ...frames] = line.split(' ');
      const pairs = frames
        .map((frame) => frame.split('/'))
        .map(([address, offset]) => [hex(address), hex(offset)] as const);
      return [`${tid} ${time}`, { end, frames: pairs }];
    }),
  );
}

function isEqual({ frames }: Chain, perf: readonly bigint[]): boolean {
  return (
    frames.length === perf.length &&
    frames.every(([address, offset], index) => {
      const printed = perf[index] ?? 0n;
      return [address, address + 1n, offset, offset + 1n].includes(printed);
    })
  );
}

function describe(chain: Chain, perf: readonly bigint[]): string {
  const ours = chain.frames.map(([, offset]) => offset.toString(16)).join(' ');
  return `ours ${ours}\nperf ${perf.map((address) => address.toString(16)).join(' ')}`;
}

for (const [index, workload] of workloads().entries()) {
  test(`perf finds the same callers in at least 99.9 % of whole stacks: ${workload.title}`, async (t) => {
    if (!hasRoot(t) || !hasTools(t, 'perf', workload.tool)) return;
    const pid = startTarget(t, workload.command, workload.args);
    await untilBusy(pid);
    const file = join(workFolder, `perf-${index}.data`);
    const options = ['-q', '-e', 'cpu-clock:u', '-F', '199', '--call-graph', 'dwarf,65528', '-o', file];
    execFileSync('perf', ['record', ...options, '-p', String(pid), '--', 'sleep', '2'], { stdio: 'ignore' });

    const perf = perfChains(file);
    const ours = ourChains(file);
    assert.ok(ours.size >= 10, `only ${ours.size} samples`);
    assert.deepEqual([...ours.keys()].sort(), [...perf.keys()].sort());
    const whole = [...ours].filter(([, { end }]) => end === 'root');
    // libcrypto's assembler has a few instructions with wrong call-frame data: perf goes astray there as well.
    assert.ok(whole.length >= ours.size * 0.98, `${whole.length} of ${ours.size} reach the root`);
    const different = whole.filter(([key, chain]) => !isEqual(chain, perf.get(key) ?? []));
    const first = different[0];
    assert.ok(
      different.length <= whole.length * 0.001,
      first &&
        `${different.length} of ${whole.length}, such as\n${describe(first[1], perf.get(first[0]) ?? [])}`,
    );
  });
}
