/** Binary search in ascending numbers: the one look-up that every table of names shares. */

/** @returns the index of the last value <= `wanted` among the first `length`, or -1. */
export function lastAtOrBelow(sorted: ArrayLike<number>, length: number, wanted: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as number) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
