/**
 * What a thread was doing that did not run: state and system call, packed into the address of a `blocked` frame by native
 * code (native/sample_pipeline.cc), and the label that users read. Pure.
 */
import { activities, type BlockedLabel } from './frames.ts';
import { architectures, systemCallNames } from './system-calls.ts';

/** `[sleeping: futex]`, or `[sleeping]` where it was in no call; a call newer than our table goes by its number. */
export function blockedLabel(address: bigint): BlockedLabel {
  const activity = activities[Number((address >> 32n) & 0xffn)] ?? 'sleeping';
  const numberPlusOne = Number(address & 0xffffffffn);
  if (numberPlusOne === 0) return `[${activity}]`;
  const names = systemCallNames[architectures[Number((address >> 40n) & 0xffn)] ?? 'x64'];
  const number = numberPlusOne - 1;
  return `[${activity}: ${names.get(number) ?? `system call ${number}`}]`;
}
