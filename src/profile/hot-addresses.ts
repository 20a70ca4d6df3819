/**
 * Where within one function time is spent: its addresses with their weights. Each sample counts at one address, the
 * innermost one that the function has on its stack, so that recursion counts nothing twice. Pure.
 */
import type { FrameTable } from './frame-table.ts';
import type { Frame } from './frames.ts';
import { kindOfNamed, type ProfileFunction } from './functions.ts';
import type { StackTable } from './stack-table.ts';

export interface HotAddress {
  readonly frame: Frame;
  /** The function itself ran there. */
  readonly selfNs: number;
  /** It ran there, or called from there. */
  readonly totalNs: number;
}

/**
 * One step per stack: parents have smaller numbers, so weights are handed down from the last one to the first.
 * @param ownNs by stack: what counts of those that end there
 * @returns hottest first
 */
export function hotAddresses(
  func: ProfileFunction,
  frames: FrameTable,
  stacks: StackTable,
  ownNs: Float64Array,
): readonly HotAddress[] {
  const belowNs = Float64Array.from(ownNs);
  const found = new Map<number, { selfNs: number; totalNs: number }>();
  const isOurs = matcher(func, frames);
  for (let stack = stacks.length - 1; stack > 0; stack--) {
    const totalNs = belowNs[stack] as number;
    if (totalNs === 0) continue;
    const frame = stacks.frameOf(stack);
    const parent = stacks.parentOf(stack);
    if (isOurs(frame) === 'none') {
      belowNs[parent] = (belowNs[parent] as number) + totalNs;
      continue;
    }
    const known = found.get(frame) ?? { selfNs: 0, totalNs: 0 };
    // What is inlined at an address runs there, not the function that it is inlined into.
    if (isOurs(frame) === 'innermost') known.selfNs += ownNs[stack] as number;
    known.totalNs += totalNs;
    found.set(frame, known);
  }
  const addresses = Array.from(found, ([id, weight]) => ({ frame: frames.frame(id), ...weight }));
  return addresses.sort((a, b) => b.totalNs - a.totalNs || Number(a.frame.address - b.frame.address));
}

/** Frames are functions by name, file and kind, as the tree places them. */
function matcher(func: ProfileFunction, frames: FrameTable): (frame: number) => Match {
  const known = new Map<number, Match>();
  return (id) => {
    const before = known.get(id);
    if (before !== undefined) return before;
    const match = matchOf(id, func, frames);
    known.set(id, match);
    return match;
  };
}

/** Whether a frame is the function's, and whether anything is inlined there on top of it. */
type Match = 'none' | 'outer' | 'innermost';

function matchOf(id: number, func: ProfileFunction, frames: FrameTable): Match {
  const { kind, address } = frames.frame(id);
  const name = frames.nameOf(id);
  if (kindOfNamed(kind, name) !== func.kind) return 'none';
  if (name === undefined || name.name === '')
    return func.name === `0x${address.toString(16)}` ? 'innermost' : 'none';
  if (name.module !== func.module) return 'none';
  const places = [name, ...(name.inlined ?? [])];
  const at = places.findLastIndex((place) => place.name === func.name && place.script === func.script);
  if (at < 0) return 'none';
  return at === places.length - 1 ? 'innermost' : 'outer';
}
