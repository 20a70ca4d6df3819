/** Source files as the target sees them, else as we do; each read once. */
import { readFileSync, statSync } from 'node:fs';
import { cleanText } from '../profile/clean-text.ts';

/** The lines of a file, cleaned; undefined when it cannot be read. */
export type SourceReader = (file: string) => readonly string[] | undefined;

const mostBytes = 8 << 20;
const tab = '    ';

/**
 * A relative path is looked up where the target works, never where we do.
 * @param pid undefined for a target of the past
 */
export function sourceReader(pid: number | undefined): SourceReader {
  const known = new Map<string, readonly string[] | undefined>();
  return (file) => {
    if (!known.has(file)) known.set(file, linesOf(file, pid));
    return known.get(file);
  };
}

function linesOf(file: string, pid: number | undefined): readonly string[] | undefined {
  const isAbsolute = file.startsWith('/');
  const inTarget = isAbsolute ? `root${file}` : `cwd/${file}`;
  const seen = pid === undefined ? undefined : readLines(`/proc/${pid}/${inTarget}`);
  return seen ?? (isAbsolute ? readLines(file) : undefined);
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
