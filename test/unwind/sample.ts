/**
 * A captured sample: everything one unwind looks at, and the frames it must find. Kept as JSON in samples/, so that
 * a bug report can end as one more file. Numbers are lower-case hex, bytes are base64.
 */

export type StackEnd =
  | 'root'
  | 'truncated_copy'
  | 'no_map'
  | 'bad_cfa'
  | 'bad_fp'
  | 'unsupported'
  | 'max_depth';

export interface SampleModule {
  readonly entry: string;
  readonly base: string;
  readonly textLo: string;
  readonly textHi: string;
  readonly ehFrameVa: string;
  readonly ehFrame: string;
  readonly hdrVa: string;
  readonly hdr: string;
}

export interface SampleRange {
  readonly lo: string;
  readonly hi: string;
  readonly bias: string;
  /** Index into the modules, -1 for executable memory without a file. */
  readonly module: number;
}

export interface Sample {
  readonly title: string;
  /** Where it came from: kernel, CPU, compiler. */
  readonly from: string;
  readonly modules: readonly SampleModule[];
  readonly ranges: readonly SampleRange[];
  /** What reads of the process's code gave. */
  readonly code: readonly { readonly address: string; readonly bytes: string }[];
  /** rax rdx rcx rbx rsi rdi rbp rsp r8 … r15 rip */
  readonly registers: readonly string[];
  /** From rsp upward. */
  readonly stack: string;
  /** Looked-up addresses, leaf first: return addresses are one less. */
  readonly frames: readonly string[];
  readonly end: StackEnd;
}

/** How rules are found: in compiled tables, or one by one as while a table is being built. */
export type Lookup = 'tables' | 'slow';

const toHex = (base64: string) => Buffer.from(base64, 'base64').toString('hex') || '-';
const toBase64 = (hex: string) => (hex === '-' ? '' : Buffer.from(hex, 'hex').toString('base64'));

/** The lines unwind_replay reads; it answers with one line, see `answerOf`. */
export function toText(sample: Sample, lookup: Lookup): string {
  const modules = sample.modules.map((module) =>
    [
      'module',
      ...[module.entry, module.base, module.textLo, module.textHi],
      ...[module.ehFrameVa, toHex(module.ehFrame), module.hdrVa, toHex(module.hdr)],
    ].join(' '),
  );
  const ranges = sample.ranges.map(
    ({ lo, hi, bias, module }) => `range ${lo} ${hi} ${bias} ${module < 0 ? '-' : module.toString(16)}`,
  );
  const code = sample.code.map(({ address, bytes }) => `code ${address} ${toHex(bytes)}`);
  const state = [`regs ${sample.registers.join(' ')}`, `stack ${toHex(sample.stack)}`, `unwind ${lookup}`];
  return `${[...modules, ...ranges, ...code, ...state].join('\n')}\n`;
}

/** The line unwind_replay prints when it agrees. */
export function answerOf(sample: Pick<Sample, 'end' | 'frames'>): string {
  return [sample.end, ...sample.frames].join(' ');
}

/** The samples in the output of `unwind_replay step --record`. */
export function parseRecording(lines: readonly string[], from: string): readonly Sample[] {
  const samples: Sample[] = [];
  let lastExpect = -1;
  lines.forEach((line, index) => {
    if (!line.startsWith('expect ')) return;
    samples.push(parseSample(lines.slice(lastExpect + 1, index + 1), from));
    lastExpect = index;
  });
  return samples;
}

function parseSample(lines: readonly string[], from: string): Sample {
  const wordsOf = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.split(' ').slice(1));
  return {
    title: '',
    from,
    modules: wordsOf('module').map((words) => parseModule(words)),
    ranges: wordsOf('range').map(([lo = '', hi = '', bias = '', module = '-']) => ({
      ...{ lo, hi, bias },
      module: module === '-' ? -1 : Number.parseInt(module, 16),
    })),
    code: wordsOf('code').map(([address = '', bytes = '-']) => ({ address, bytes: toBase64(bytes) })),
    registers: wordsOf('regs')[0] ?? [],
    stack: toBase64(wordsOf('stack')[0]?.[0] ?? '-'),
    frames: wordsOf('expect')[0] ?? [],
    end: 'root',
  };
}

function parseModule(words: readonly string[]): SampleModule {
  const [
    entry = '',
    base = '',
    textLo = '',
    textHi = '',
    ehFrameVa = '',
    ehFrame = '-',
    hdrVa = '',
    hdr = '-',
  ] = words;
  return { entry, base, textLo, textHi, ehFrameVa, ehFrame: toBase64(ehFrame), hdrVa, hdr: toBase64(hdr) };
}
