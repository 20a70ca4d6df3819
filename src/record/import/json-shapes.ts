/** Reading values of a JSON document that may be anything. */
import { NotImportable } from './imported.ts';

export type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @throws NotImportable for text that is no JSON: a document that was cut cannot be read in part */
export function parseJson(text: string): Json {
  try {
    return objectOf(JSON.parse(text));
  } catch {
    throw new NotImportable('it is no whole JSON document');
  }
}
