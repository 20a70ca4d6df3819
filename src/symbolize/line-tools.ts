/**
 * The tools that know lines and instructions: addr2line and objdump, of binutils or LLVM, each in a process of its own and
 * on demand only. What they print is read by pure functions; what they read is a file that the caller chose.
 */
import { spawn } from 'node:child_process';
import { cleanText } from '../profile/clean-text.ts';

/** One step of the way into inlined code. */
export interface LinePlace {
  readonly name: string;
  /** '' where it is not known. */
  readonly file: string;
  readonly line: number;
}

export interface Instruction {
  readonly address: bigint;
  /** A symbol begins here. */
  readonly isStart: boolean;
  readonly text: string;
}

/** A tool that is not there, or that gave nothing. */
export class ToolFailed extends Error {}

const limitMs = 20_000;
const mostBytes = 32 << 20;

/**
 * The places of each address, innermost first: what is inlined, then what it is inlined into.
 * @param file an ELF file, or one with its debug information alone
 * @throws ToolFailed
 */
export async function placesOf(
  file: string,
  addresses: readonly bigint[],
  signal: AbortSignal,
): Promise<ReadonlyMap<bigint, readonly LinePlace[]>> {
  const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
  const text = await runFirst(['addr2line', 'llvm-addr2line'], ['-aifC', '-e', file], input, signal);
  return parsePlaces(text);
}

/** The instructions of a range. @throws ToolFailed */
export async function instructionsOf(
  file: string,
  start: bigint,
  stop: bigint,
  signal: AbortSignal,
): Promise<readonly Instruction[]> {
  const range = [`--start-address=0x${start.toString(16)}`, `--stop-address=0x${stop.toString(16)}`];
  const args = ['-d', '-C', '--no-show-raw-insn', ...range, file];
  return parseInstructions(await runFirst(['objdump', 'llvm-objdump'], args, '', signal));
}

/** Reads what `addr2line -aifC` prints: an address, then pairs of a name and a place. Exported for its test. */
export function parsePlaces(text: string): ReadonlyMap<bigint, readonly LinePlace[]> {
  const places = new Map<bigint, LinePlace[]>();
  let current: LinePlace[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (/^0x[0-9a-f]+$/i.test(line)) {
      current = [];
      places.set(BigInt(line), current);
    } else if (line !== '') {
      const place = /^(.*?):(\d+|\?)(?::\d+)?(?: \(discriminator \d+\))?$/.exec(lines[++at] ?? '');
      const isKnown = place !== null && place[1] !== '??' && Number(place[2]) > 0;
      current.push({
        name: cleanText(line),
        file: isKnown ? cleanText(place[1] ?? '') : '',
        line: isKnown ? Number(place[2]) : 0,
      });
    }
  }
  return places;
}

/** Reads what `objdump -d` prints. Exported for its test. */
export function parseInstructions(text: string): readonly Instruction[] {
  const instructions: Instruction[] = [];
  let isStart = false;
  for (const line of text.split('\n')) {
    if (/^[0-9a-f]+ <.*>:$/.test(line)) isStart = true;
    const found = /^\s*([0-9a-f]+):\s*(\S.*)$/.exec(line);
    if (found === null) continue;
    const words = cleanText((found[2] ?? '').replaceAll('\t', ' '));
    instructions.push({ address: BigInt(`0x${found[1]}`), isStart, text: words });
    isStart = false;
  }
  return instructions;
}

/** Runs the first of the tools that is installed. */
async function runFirst(
  tools: readonly string[],
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<string> {
  for (const tool of tools) {
    const text = await run(tool, args, input, signal);
    if (text !== undefined) return text;
  }
  throw new ToolFailed(`${tools.join(' and ')} are not installed`);
}

/** @returns undefined when there is no such tool */
function run(
  tool: string,
  args: readonly string[],
  input: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'ignore'], signal, timeout: limitMs });
    const chunks: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostBytes) child.kill('SIGKILL');
      else chunks.push(chunk);
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (signal.aborted) reject(error);
      else if (error.code === 'ENOENT') resolve(undefined);
      else reject(new ToolFailed(`${tool}: ${error.code ?? error.message}`));
    });
    child.on('close', (code) => {
      if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
      else reject(new ToolFailed(`${tool} gave nothing (${code === null ? 'ended by us' : `code ${code}`})`));
    });
    // It may end before it has read all.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}
