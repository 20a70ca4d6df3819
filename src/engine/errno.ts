/** Names of errno values, and what a refused open means in a word. */
import { constants } from 'node:os';

const names = new Map(Object.entries(constants.errno).map(([name, value]) => [value, name]));

/** `EACCES` for 13; the number itself when the platform has no name for it. */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}
