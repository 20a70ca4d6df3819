/**
 * Where within one function time is spent: its addresses with their weights. Each sample counts at one address, the
 * innermost one that the function has on its stack, so that recursion counts nothing twice. Pure.
 */
import type { FrameTable } from './frame-table.ts';
import type { Frame, FunctionKind } from './frames.ts';
import type { ProfileFunction } from './functions.ts';
import type { StackTable } from './stack-table.ts';
import type { StackWeights } from './stack-weights.ts';

export interface HotAddress {
  readonly frame: Frame;
  /** The function itself ran there. */
  readonly selfNs: number;
  /** It ran there, or called from there. */
  readonly totalNs: number;
}

const kindOfFrame: Readonly<Partial<Record<Frame['kind'], FunctionKind>>> = {
  native: 'native',
  'exec-anon': 'jit',
  kernel: 'kernel',
};

/**
 * One step per stack: parents have smaller numbers, so weights are handed down from the last one to the first.
 * @param threads indexes of those that count; empty for all
 * @returns hottest first
 */
export function hotAddresses(
  func: ProfileFunction,
  frames: FrameTable,
  stacks: StackTable,
  weights: StackWeights,
  threads: ReadonlySet<number>,
): readonly HotAddress[] {
  const ownNs = new Float64Array(stacks.length);
  for (let row = 0; row < weights.length; row++) {
    if (threads.size > 0 && !threads.has(weights.thread.at(row))) continue;
    const stack = weights.stack.at(row);
    ownNs[stack] = (ownNs[stack] as number) + weights.weightNs.at(row);
  }
  const belowNs = Float64Array.from(ownNs);
  const found = new Map<number, { selfNs: number; totalNs: number }>();
  const isOurs = matcher(func, frames);
  for (let stack = stacks.length - 1; stack > 0; stack--) {
    const totalNs = belowNs[stack] as number;
    if (totalNs === 0) continue;
    const frame = stacks.frameOf(stack);
    const parent = stacks.parentOf(stack);
    if (!isOurs(frame)) {
      belowNs[parent] = (belowNs[parent] as number) + totalNs;
      continue;
    }
    const known = found.get(frame) ?? { selfNs: 0, totalNs: 0 };
    known.selfNs += ownNs[stack] as number;
    known.totalNs += totalNs;
    found.set(frame, known);
  }
  const addresses = Array.from(found, ([id, weight]) => ({ frame: frames.frame(id), ...weight }));
  return addresses.sort((a, b) => b.totalNs - a.totalNs || Number(a.frame.address - b.frame.address));
}

/** Frames are functions by name, file and kind, as the tree places them. */
function matcher(func: ProfileFunction, frames: FrameTable): (frame: number) => boolean {
  const known = new Map<number, boolean>();
  return (id) => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const isOurs = isOfFunction(id, func, frames);
    known.set(id, isOurs);
    return isOurs;
  };
}

function isOfFunction(id: number, func: ProfileFunction, frames: FrameTable): boolean {
  const { kind, address } = frames.frame(id);
  if (kindOfFrame[kind] !== func.kind) return false;
  const name = frames.nameOf(id);
  if (name === undefined || name.name === '') return func.name === `0x${address.toString(16)}`;
  return name.name === func.name && name.module === func.module;
}
