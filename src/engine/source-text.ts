/** Source files as the target sees them, else as we do; each read once. */
import { readFileSync, statSync } from 'node:fs';
import { cleanText } from '../profile/clean-text.ts';

/** The lines of a file, cleaned; undefined when it cannot be read. */
export type SourceReader = (file: string) => readonly string[] | undefined;

const mostBytes = 8 << 20;
const tab = '    ';

/** @param pid undefined for a target of the past */
export function sourceReader(pid: number | undefined): SourceReader {
  const inTarget = (file: string) => (pid === undefined ? undefined : readLines(`/proc/${pid}/root${file}`));
  const known = new Map<string, readonly string[] | undefined>();
  return (file) => {
    if (!known.has(file)) known.set(file, inTarget(file) ?? readLines(file));
    return known.get(file);
  };
}

function readLines(path: string): readonly string[] | undefined {
  try {
    const stat = statSync(path);
    // A device or a pipe of this name would never end.
    if (!stat.isFile() || stat.size > mostBytes) return undefined;
    return readFileSync(path, 'utf8')
      .split(/\r?\n/)
      .map((line) => cleanText(line.replaceAll('\t', tab)));
  } catch {
    return undefined;
  }
}
