/**
 * The lines of code that was made at run time: what its runtime says of the place of a frame, else what a jitdump says of
 * its address.
 */
import type { ProfileFunction } from '../profile/functions.ts';
import type { HotAddress } from '../profile/hot-addresses.ts';
import type { LinePlace } from '../symbolize/line-tools.ts';
import type { FrameLine } from '../symbolize/protocol.ts';
import { type ListingBlock, runtimeLines, sourceBlocks } from './listing-blocks.ts';
import type { SourceReader } from './source-text.ts';

/** Of those of these frames in generated code whose line is known; never rejects. */
export type LinesOf = (frames: readonly number[]) => Promise<readonly FrameLine[]>;

/** @returns undefined where no line within the function is known */
export async function generatedBlocks(
  func: ProfileFunction,
  hot: readonly HotAddress[],
  read: SourceReader,
  linesOf: LinesOf,
): Promise<readonly ListingBlock[] | undefined> {
  // A frame of a runtime says which line it stands at; only the others have an address.
  const told = hot.filter(({ frame }) => frame.kind === 'runtime');
  const made = hot.filter(({ frame }) => frame.kind === 'exec-anon');
  const own = told.length === 0 ? undefined : runtimeLines(func.script ?? '', told, read);
  const places = made.length === 0 ? noPlaces : await placesOf(made, linesOf);
  if (own === undefined && places.size === 0) return undefined;
  const rest = own === undefined ? [...told, ...made] : made;
  return [
    ...(own === undefined ? [] : [own]),
    ...(rest.length === 0 ? [] : sourceBlocks(rest, places, read)),
  ];
}

const noPlaces: ReadonlyMap<bigint, readonly LinePlace[]> = new Map();

async function placesOf(
  made: readonly HotAddress[],
  linesOf: LinesOf,
): Promise<ReadonlyMap<bigint, readonly LinePlace[]>> {
  const lines = await linesOf(made.map(({ frame }) => frame.id));
  const byFrame = new Map(lines.map((line) => [line.frame, line]));
  const places = new Map<bigint, readonly LinePlace[]>();
  for (const { frame } of made) {
    const found = byFrame.get(frame.id);
    if (found !== undefined) places.set(frame.address, [{ name: '', file: found.file, line: found.line }]);
  }
  return places;
}
