/**
 * Remembers what was built from what: a stamp is the content hash of the inputs of one build step.
 * Content, not mtime, because a checkout, a merge or a copied cache changes mtimes without changing a byte.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const stampFolder = join(root, '.stamps');

/**
 * @param {string} path file or folder below the root
 * @param {(name: string) => boolean} skip names that are not inputs (build output)
 * @returns {string[]} files below it, sorted; empty when it does not exist
 */
export function filesBelow(path, skip = () => false) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat === undefined) return [];
  if (!stat.isDirectory()) return [path];
  const names = readdirSync(join(root, path)).filter((name) => !skip(name));
  return names.sort().flatMap((name) => filesBelow(join(path, name), skip));
}

/**
 * @param {readonly string[]} files paths below the root
 * @param {readonly string[]} facts what else decides the outcome (versions, flags)
 */
export function contentHash(files, facts) {
  const hash = createHash('sha256').update(JSON.stringify(facts));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** The stamp of the last complete run of a step, or '' when there was none. */
export function stampOf(step) {
  try {
    return readFileSync(join(stampFolder, step), 'utf8');
  } catch {
    return '';
  }
}

export function writeStamp(step, hash) {
  mkdirSync(stampFolder, { recursive: true });
  writeFileSync(join(stampFolder, step), hash);
}

/** A step that starts has no valid output until it ends: an interrupted build must run again. */
export function dropStamp(step) {
  rmSync(join(stampFolder, step), { force: true });
}
