/**
 * Writes samples/*.json anew: one sample per function of programs/rules.S, taken while it is single-stepped. The
 * frames are the return addresses that its calls pushed, not what our unwinder found.
 * Run by hand: `node --import tsx test/unwind/capture-samples.ts`, then read the difference before committing it.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import { compile, replay } from './replay.ts';
import { parseRecording, type Sample } from './sample.ts';

interface Span {
  readonly name: string;
  readonly lo: bigint;
  readonly hi: bigint;
}

/** Functions by address; each reaches to the next. */
function functionsOf(program: string): readonly Span[] {
  const symbols = execFileSync('nm', ['-n', program], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, type]) => type === 'T' || type === 't');
  return symbols.map(([address = '0', , name = ''], index) => ({
    name,
    lo: BigInt(`0x${address}`),
    hi: BigInt(`0x${symbols[index + 1]?.[0] ?? 'ffffffffffff'}`),
  }));
}

/** As the caller of another function if it ever is one, else somewhere in its middle. */
function pick(samples: readonly Sample[], { lo, hi }: Span): Sample | undefined {
  const isInside = (address = '0') => BigInt(`0x${address}`) >= lo && BigInt(`0x${address}`) < hi;
  const asCaller = samples.filter((sample) => isInside(sample.frames[1]) && !isInside(sample.frames[0]));
  const asLeaf = samples.filter((sample) => isInside(sample.frames[0]));
  return asCaller[0] ?? asLeaf[Math.floor((asLeaf.length * 2) / 3)];
}

const program = compile('rules.S', ['-nostdlib', '-static', '-no-pie', '-Wl,--eh-frame-hdr']);
const compiler = execFileSync('gcc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
const from = `Linux ${release().split('-')[0]}, ${cpus()[0]?.model.trim()}, ${compiler}`;
const samples = parseRecording(replay(['step', '--record', program]), from);
for (const span of functionsOf(program)) {
  const sample = pick(samples, span);
  if (!sample) continue;
  const file = join(
    import.meta.dirname,
    'samples',
    `${span.name.replaceAll('_', '-').replace(/^-/, '')}.json`,
  );
  writeFileSync(file, `${JSON.stringify({ ...sample, title: `rules.S, ${span.name}` }, null, 2)}\n`);
}
