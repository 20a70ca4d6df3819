/** One line of a perf map: `addr size name`, as JIT compilers write it. Pure; the file is followed by perf-map-file.ts. */

export interface PerfMapLine {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** User space of x86-64 ends there. */
export const maxUserAddress = 2 ** 47;
const linePattern = /^(?:0x)?([0-9a-f]{1,16}) (?:0x)?([0-9a-f]{1,16}) (.+)$/i;

/** @returns `undefined` for a damaged line. Sizes and addresses are hexadecimal, with or without `0x` (the JVM writes it). */
export function parsePerfMapLine(text: string): PerfMapLine | undefined {
  const match = linePattern.exec(text);
  if (match === null) return undefined;
  const start = Number.parseInt(match[1] as string, 16);
  const end = start + Number.parseInt(match[2] as string, 16);
  const name = (match[3] as string).trim();
  return end <= maxUserAddress && name !== '' ? { start, end, name } : undefined;
}
