/**
 * Facts of a file as typed values. A file may say anything: what is missing or of another type becomes a neutral value,
 * text is cleaned, a list has an end. Pure.
 */
import { cleanText } from '../profile/clean-text.ts';

export type Reading<T> = (value: unknown) => T;

const longestText = 10_000;
const longestList = 1000;

export const number: Reading<number> = (value) =>
  typeof value === 'number' && Number.isFinite(value) ? value : 0;

export const text: Reading<string> = (value) =>
  typeof value === 'string' ? cleanText(value.slice(0, longestText)) : '';

export function choice<const T extends string>(allowed: readonly T[], otherwise: T): Reading<T> {
  return (value) => allowed.find((one) => one === value) ?? otherwise;
}

export function optional<T>(read: Reading<T>): Reading<T | undefined> {
  return (value) => (value === undefined || value === null ? undefined : read(value));
}

export function list<T>(read: Reading<T>): Reading<readonly T[]> {
  return (value) => (Array.isArray(value) ? value.slice(0, longestList).map(read) : []);
}

export function shape<T>(readings: { readonly [key in keyof T]: Reading<T[key]> }): Reading<T> {
  const keys = Object.entries(readings) as [string, Reading<unknown>][];
  return (value) => {
    const from = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    return Object.fromEntries(keys.map(([key, read]) => [key, read(from[key])])) as T;
  };
}
