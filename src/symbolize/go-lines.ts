/** Lines of a Go program's functions by its own tables, from a file: for listings, where no worker has it open. */
import { closeSync, openSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { cleanText } from '../profile/clean-text.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import { fileBytes } from './byte-source.ts';
import { parseElf } from './elf-file.ts';
import { type GoPlace, type GoProgram, readGoProgram } from './go-program.ts';
import type { LinePlace } from './line-tools.ts';

/** Between two of these a key can be answered. */
const addressesAtOnce = 50;

/**
 * Where one function stands at each address: its own line, which is that of a call where more is inlined.
 * @returns undefined where the file is no Go program or knows no line of the function
 */
export async function goLinesOf(
  path: string,
  func: ProfileFunction,
  addresses: readonly bigint[],
  signal: AbortSignal,
): Promise<ReadonlyMap<bigint, readonly LinePlace[]> | undefined> {
  const fd = openSync(path, 'r');
  try {
    const file = parseElf(fileBytes(fd));
    const program = file && readGoProgram(file);
    if (program === undefined) return undefined;
    const found = new Map<bigint, readonly LinePlace[]>();
    for (const [i, address] of addresses.entries()) {
      if (i % addressesAtOnce === 0) await setImmediate();
      signal.throwIfAborted();
      found.set(address, linePlaces(placeOf(program, func, address)));
    }
    return [...found.values()].some((places) => places.length > 0) ? found : undefined;
  } finally {
    closeSync(fd);
  }
}

function placeOf(program: GoProgram, { name }: ProfileFunction, address: bigint): GoPlace | undefined {
  return program.placesAt(Number(address)).findLast((place) => cleanText(place.name) === name);
}

function linePlaces(place: GoPlace | undefined): readonly LinePlace[] {
  if (place === undefined || place.line === 0) return [];
  return [{ name: place.name, file: cleanText(place.file), line: place.line }];
}
