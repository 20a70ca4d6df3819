/** Programs that lie about themselves: copies whose dynamic symbol tells another place. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';

/** Value and size, as they stand in a symbol table; undefined when the program exports no such symbol. */
function placeOf(program: string, symbol: string): Buffer | undefined {
  const exported = execFileSync('nm', ['-D', '-S', program], { encoding: 'utf8' });
  const [, value, size] = new RegExp(`^(\\w+) (\\w+) T ${symbol}$`, 'm').exec(exported) ?? [];
  if (value === undefined || size === undefined) return undefined;
  const place = Buffer.alloc(16);
  place.writeBigUInt64LE(BigInt(`0x${value}`), 0);
  place.writeBigUInt64LE(BigInt(`0x${size}`), 8);
  return place;
}

/** A copy in which `symbol` stands where `other` does; undefined when one of them is not exported. */
export function withSymbolMoved(
  t: TestContext,
  program: string,
  symbol: string,
  other: string,
): string | undefined {
  const [from, to] = [placeOf(program, symbol), placeOf(program, other)];
  if (from === undefined || to === undefined) return undefined;
  const bytes = readFileSync(program);
  for (let at = bytes.indexOf(from); at >= 0; at = bytes.indexOf(from)) to.copy(bytes, at);
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-moved-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const copy = join(folder, basename(program));
  writeFileSync(copy, bytes);
  chmodSync(copy, 0o755);
  return copy;
}
