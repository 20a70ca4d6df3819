/**
 * The text of `perf script`: an event line (command, pid, tid, time, period, event), its frames leaf first, an empty line.
 * Commands hold spaces, symbols hold parentheses; perf names the kernel as it was when the text was made.
 */
import {
  fileNameOf,
  type Imported,
  type ImportedFrame,
  isKernelModule,
  NotImportable,
  nsOfCount,
  ProfileBuilder,
  scaleOf,
} from './imported.ts';

/** `comm pid/tid [cpu] time: period event:`; pid, cpu and period may be missing. */
const eventLine = /^(\S.*?)\s+(?:(\d+)\/)?(\d+)\s+(?:\[\d+\]\s+)?\d+\.\d+:\s+(?:(\d+)\s+)?(\S+?):/;
/** `address symbol+0xoffset (module)`; without an offset the module begins at the last parenthesis. */
const frameLine = /^\s+([0-9a-f]+) (?:(.*)\+0x[0-9a-f]+|(.*)) \((.*?)\)$/;
/** Longer ones are none: a pattern must not go over megabytes again and again. */
const longestEvent = 1024;
const longestFrame = 16_384;
const kernelStart = 0xffff_8000_0000_0000n;

export function looksLikePerfScript(begin: string): boolean {
  const lines = begin.split('\n');
  return lines.some((line, i) => eventOf(line) !== undefined && matchFrame(lines[i + 1] ?? '') !== null);
}

/** @throws NotImportable */
export function importPerfScript(text: string): Imported {
  const builder = new ProfileBuilder();
  let event: RegExpExecArray | undefined;
  let frames: ImportedFrame[] = [];
  let [events, others] = [0, 0];
  let unitNote: string | undefined;
  const flush = (): void => {
    if (event === undefined) return;
    const [, name = '', , tid, period, kind = ''] = event;
    const weightNs = period === undefined ? nsOfCount : Number(period);
    // Clocks count ns.
    if (period === undefined) unitNote = scaleOf('count').unitNote;
    else if (!kind.includes('clock')) unitNote = scaleOf(`periods of ${kind}`).unitNote;
    builder.add(frames.reverse(), { tid: Number(tid), name }, weightNs, 1);
    events++;
    event = undefined;
    frames = [];
  };
  for (const line of text.split('\n')) {
    const frame = event === undefined ? null : matchFrame(line);
    if (frame !== null) {
      frames.push(frameOf(frame));
      continue;
    }
    flush();
    event = eventOf(line);
    if (event === undefined && line.trim() !== '' && !line.startsWith('#')) others++;
  }
  flush();
  if (events === 0) throw new NotImportable('no line of it is an event of perf script');
  return {
    format: 'perf script',
    profile: builder.finish(),
    meta: undefined,
    unitNote,
    damage: others > 0 ? `${others} lines are no event and no frame` : undefined,
  };
}

function eventOf(line: string): RegExpExecArray | undefined {
  return line.length > longestEvent ? undefined : (eventLine.exec(line) ?? undefined);
}

function matchFrame(line: string): RegExpExecArray | null {
  return line.length > longestFrame ? null : frameLine.exec(line);
}

function frameOf([, address = '0', symbol, whole = '', place = '']: RegExpExecArray): ImportedFrame {
  const name = symbol ?? whole;
  const isKernel = isKernelModule(place) || BigInt(`0x${address.slice(-16)}`) >= kernelStart;
  // Hidden symbols: perf gives each frame a row of its own, the fold makes them one.
  if (isKernel && name === '[unknown]')
    return { name: '[kernel: no symbols]', module: 'kernel', kind: 'kernel' };
  if (isKernel) return { name, module: 'kernel', kind: 'kernel' };
  const module = fileNameOf(place);
  if (name === '[unknown]') return { name: `${module}+0x${address}`, module, kind: 'native' };
  return { name, module, kind: /\.map$/.test(module) ? 'jit' : 'native' };
}
