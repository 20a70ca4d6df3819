/** The rates that `-` and `+` step through: odd numbers, so that no sampling runs in step with a program's own timers. */
export const rateSteps: readonly number[] = [19, 49, 99, 199, 499, 997];

/**
 * The next rate down (-1) or up (1) from any rate.
 * @param highestHz the kernel's limit: never beyond it
 * @returns undefined when there is none
 */
export function nextRate(hz: number, step: 1 | -1, highestHz: number | undefined): number | undefined {
  if (step < 0) return rateSteps.findLast((each) => each < hz);
  const next = rateSteps.find((each) => each > hz);
  const allowed = next === undefined ? undefined : Math.min(next, highestHz ?? next);
  return allowed !== undefined && allowed > hz ? allowed : undefined;
}
