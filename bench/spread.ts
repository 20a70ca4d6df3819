/** Repeats in one line: the median, and between which values all of them lay. */

/** Half way between the two middle values when their number is even; NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** Linear between the nearest ranks. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const rank = (sorted.length - 1) * share;
  const below = sorted[Math.floor(rank)] ?? Number.NaN;
  const above = sorted[Math.ceil(rank)] ?? Number.NaN;
  return below + (above - below) * (rank - Math.floor(rank));
}

/** `99.9 % (99.7..100.2, 3 runs)` */
export function spread(values: readonly number[], digits: number, unit: string): string {
  const text = (value: number) => value.toFixed(digits);
  const range = `${text(Math.min(...values))}..${text(Math.max(...values))}`;
  return `${text(median(values))} ${unit} (${range}, ${values.length} runs)`;
}

/** The same for shares, which are kept as 0..1. */
export function spreadOfShares(shares: readonly number[], digits = 1): string {
  return spread(
    shares.map((share) => share * 100),
    digits,
    '%',
  );
}

export function percent(share: number, digits = 1): string {
  return `${(share * 100).toFixed(digits)} %`;
}
