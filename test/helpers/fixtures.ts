/**
 * Compiles the target programs of test/fixtures on demand. Binaries are cached below the temporary folder by the
 * content of their sources and their flags, so a run compiles only what changed.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const sourceFolder = fileURLToPath(new URL('../fixtures', import.meta.url));
const cacheFolder = join(tmpdir(), `prof-tui-fixtures-${process.getuid?.() ?? 0}`);

/** The same source, compiled to tell different truths. */
export const variants = {
  /** Exact shape and shares: frame pointers, no tail calls. */
  truth: ['-O2', '-g', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls'],
  /** The same shape through unwind tables alone. */
  noFramePointer: ['-O2', '-g', '-fomit-frame-pointer', '-fno-optimize-sibling-calls'],
  /** As programs are shipped: tail calls are real, so it has shares but not the shape. */
  stripped: ['-O2', '-s'],
  static: ['-O2', '-g', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-static'],
  noPie: ['-O2', '-g', '-fomit-frame-pointer', '-fno-optimize-sibling-calls', '-no-pie', '-fno-pie'],
  /** Neither tables nor frame pointers: such a chain must end in [truncated]. */
  noUnwindTables: [
    ...['-O2', '-g', '-fomit-frame-pointer', '-fno-optimize-sibling-calls'],
    ...['-fno-asynchronous-unwind-tables', '-fno-unwind-tables'],
  ],
  /** Its tables can be read from one end to the other only: nothing to look an address up in. */
  noSearchTable: [
    ...['-O2', '-g', '-fomit-frame-pointer', '-fno-optimize-sibling-calls'],
    '-Wl,--no-eh-frame-hdr',
  ],
  sharedObject: ['-O2', '-g', '-fno-omit-frame-pointer', '-fno-optimize-sibling-calls', '-shared', '-fPIC'],
} as const satisfies Record<string, readonly string[]>;
export type Variant = keyof typeof variants;

const everyBuild = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-pthread'];

/** Names of all fixtures: one per C file. */
export function fixtureNames(): string[] {
  const files = readdirSync(sourceFolder).filter((file) => file.endsWith('.c'));
  return files.map((file) => file.slice(0, -'.c'.length)).sort();
}

/**
 * @param name a file of test/fixtures without `.c`
 * @returns path of the executable, whose file name is the fixture's name; readable by every user.
 * Throws with the compiler's words when it does not compile.
 */
export function buildFixture(name: string, variant: Variant = 'truth'): string {
  const flags = [...everyBuild, ...variants[variant]];
  const folder = join(cacheFolder, hashOf(name, flags));
  const binary = join(folder, name);
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // Built aside and renamed: two test files may build the same fixture at the same time.
  const aside = join(mkdtempSync(join(folder, 'build-')), name);
  const source = join(sourceFolder, `${name}.c`);
  const result = spawnSync('gcc', [...flags, source, '-o', aside, '-ldl'], { encoding: 'utf8' });
  if (result.error) throw new Error(`gcc is needed (Debian package gcc): ${result.error.message}`);
  if (result.status !== 0) throw new Error(`${name}.c (${variant}): ${result.stderr}`);
  chmodSync(aside, 0o755);
  renameSync(aside, binary);
  return binary;
}

function hashOf(name: string, flags: readonly string[]): string {
  const headers = readdirSync(sourceFolder).filter((file) => file.endsWith('.h'));
  const hash = createHash('sha256').update(JSON.stringify([name, flags, compilerVersion()]));
  for (const file of [`${name}.c`, ...headers.sort()]) hash.update(readFileSync(join(sourceFolder, file)));
  return hash.digest('hex').slice(0, 16);
}

let knownVersion: string | undefined;

function compilerVersion(): string {
  knownVersion ??= spawnSync('gcc', ['--version'], { encoding: 'utf8' }).stdout;
  return knownVersion;
}
