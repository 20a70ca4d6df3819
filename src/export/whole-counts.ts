/** Weights as counts of a period, for formats that only count. */

// A remainder and its row in one exact integer, so that sorting needs neither objects nor a comparison of ours.
const remainderSteps = 2 ** 21;
const rowLimit = 2 ** 32;

/**
 * Weights as whole counts of one period each, by largest remainder, so that their sum is the rounded total.
 * @returns counts in the order of the weights
 */
export function roundToCounts(weightsNs: ArrayLike<number>, periodNs: number): Float64Array {
  const exact = Float64Array.from(weightsNs, (weightNs) => weightNs / periodNs);
  const counts = exact.map(Math.floor);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const missing = Math.round(sum(exact)) - sum(counts);
  const keys = exact.map((count, row) => {
    const remainder = Math.floor((count - Math.floor(count)) * (remainderSteps - 1));
    // Of equal remainders the first row comes first.
    return remainder * rowLimit + (rowLimit - 1 - row);
  });
  for (const key of keys.sort().subarray(Math.max(0, keys.length - missing))) {
    const row = rowLimit - 1 - (key % rowLimit);
    counts[row] = (counts[row] as number) + 1;
  }
  return counts;
}
