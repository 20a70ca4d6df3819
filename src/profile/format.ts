/**
 * Numbers as people read them, on screen and in reports: fixed English format, short, never wider than six cells in a column.
 * Weights are nanoseconds, shares are 0..1.
 */

/** `31.0%`, `<0.1%` for a share that would round to nothing, `100.0%`; without a decimal: `31%`, `<1%`. */
export function percent(share: number, decimals: 0 | 1 = 1): string {
  const value = share * 100;
  const least = decimals === 1 ? 0.05 : 0.5;
  if (value > 0 && value < least) return decimals === 1 ? '<0.1%' : '<1%';
  return `${value.toFixed(decimals)}%`;
}

/** `83 µs`, `412 ms`, `25.8 s`, `583 s`, from 600 s on `12m05s`, then `3h12m`, `5d07h`. */
export function duration(ns: number, micro = 'µ'): string {
  const seconds = ns / 1e9;
  if (ns <= 0) return '0 s';
  if (seconds < 0.0009995) return `${Math.max(1, Math.round(ns / 1e3))} ${micro}s`;
  if (seconds < 0.9995) return `${Math.round(ns / 1e6)} ms`;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 599.5) return `${Math.round(seconds)} s`;
  return longDuration(Math.round(seconds));
}

function longDuration(seconds: number): string {
  const pair = (large: number, largeUnit: string, small: number, smallUnit: string) =>
    `${large}${largeUnit}${String(small).padStart(2, '0')}${smallUnit}`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'm', seconds % 60, 's');
  if (seconds < 86400) return pair(Math.floor(seconds / 3600), 'h', Math.floor(seconds / 60) % 60, 'm');
  return pair(Math.floor(seconds / 86400), 'd', Math.floor(seconds / 3600) % 24, 'h');
}

/** `12,483` */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `999`, `12.5k`, `125k`, `1.2M`, `12.5G` */
export function shortCount(value: number): string {
  if (value < 1000) return String(Math.round(value));
  const [scaled, unit] =
    value < 999_500 ? [value / 1e3, 'k'] : value < 999.5e6 ? [value / 1e6, 'M'] : [value / 1e9, 'G'];
  return `${scaled < 99.95 ? scaled.toFixed(1) : scaled.toFixed(0)}${unit}`;
}

/** Signed percentage points, blank when the change is too small to be told from none. */
export function points(shareChange: number | undefined, decimals: 0 | 1 = 1): string {
  if (shareChange === undefined) return '';
  const value = shareChange * 100;
  if (Math.abs(value) < 0.5 / 10 ** decimals) return '';
  return `${value > 0 ? '+' : '-'}${Math.abs(value).toFixed(decimals)}`;
}

/** `00:01:23`, the clock of the banner; days run on in the hours. */
export function clock(ns: number): string {
  const seconds = Math.floor(ns / 1e9);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

/** One standard error of a share seen in n samples: √(p(1−p)/n). */
export function standardError(share: number, samples: number): number {
  if (samples <= 0) return 0;
  const p = Math.min(1, Math.max(0, share));
  return Math.sqrt((p * (1 - p)) / samples);
}

/** Bars for shares 0..1; height is the square root, so that small shares can be seen beside large ones. */
export function sparkline(shares: Iterable<number>, bars: readonly string[]): string {
  let line = '';
  for (const share of shares) {
    const height = share > 0 ? Math.max(1, Math.round(Math.sqrt(Math.min(1, share)) * (bars.length - 1))) : 0;
    line += bars[height] ?? ' ';
  }
  return line;
}
