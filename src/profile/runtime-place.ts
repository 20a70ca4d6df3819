/** What the address of a `runtime` frame says, packed by native/sample_pipeline.cc: which function, and where in it. Pure. */

export interface RuntimePlace {
  /** Number of the function, in order of first sight. */
  readonly function: number;
  /** The line it stands at, from 1; 0 when it cannot be told. */
  readonly line: number;
}

const lineShift = 32n;

export function runtimePlaceOf(address: bigint): RuntimePlace {
  return { function: Number(address & 0xffffffffn), line: Number(address >> lineShift) };
}

export function runtimeAddress({ function: number, line }: RuntimePlace): bigint {
  return (BigInt(line) << lineShift) | BigInt(number);
}
