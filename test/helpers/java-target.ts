/** Java programs as targets: test/fixtures/java, compiled once a run, on each JDK of the machine, without any flag. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../fixtures/java', import.meta.url));
/** Where Debian and most packages put them. */
const folder = '/usr/lib/jvm';

export interface Jdk {
  /** `17.0.15` */
  readonly version: string;
  readonly home: string;
}

/** Those with a HotSpot and a compiler; none where Java is not installed. */
export const jdks: readonly Jdk[] = findJdks();

function findJdks(): Jdk[] {
  if (!existsSync(folder)) return [];
  const homes = new Set(readdirSync(folder).map((name) => realpathSync(join(folder, name))));
  return [...homes].flatMap((home) => {
    const release = join(home, 'release');
    const isWhole = ['bin/javac', 'lib/server/libjvm.so', 'release'].every((file) =>
      existsSync(join(home, file)),
    );
    const version = isWhole ? /JAVA_VERSION="([\d.]+)"/.exec(readFileSync(release, 'utf8'))?.[1] : undefined;
    return version === undefined ? [] : [{ version, home }];
  });
}

let classes: string | undefined;

/** The folder of all programs, compiled for the oldest JDK that is tested; it is gone when this process ends. */
export function compiledClasses(): string {
  if (classes !== undefined) return classes;
  const made = mkdtempSync(join(tmpdir(), 'prof-tui-java-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  const files = readdirSync(sources).map((name) => join(sources, name));
  const javac = join(jdks[0]?.home ?? '', 'bin/javac');
  execFileSync(javac, ['--release', '17', '-d', made, ...files], { stdio: 'inherit' });
  classes = made;
  return made;
}

export interface JavaTarget {
  readonly pid: number;
  /** Its next line of output, after a line of input. */
  ask(): Promise<string>;
}

/** Resolves when the program said that it is ready; it is killed when the test is over. */
export async function startJava(
  t: TestContext,
  home: string,
  program: string,
  flags: readonly string[] = [],
): Promise<JavaTarget> {
  const child = spawn(join(home, 'bin/java'), ['-Xmx256m', ...flags, '-cp', compiledClasses(), program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const next = async (): Promise<string> => {
    const [line] = (await Promise.race([once(lines, 'line'), once(child, 'exit')])) as [unknown];
    assert(typeof line === 'string', `it ended with ${line}`);
    return line;
  };
  assert.equal(await next(), 'ready');
  assert(child.pid !== undefined);
  return {
    pid: child.pid,
    ask: () => {
      const answer = next();
      child.stdin.write('\n');
      return answer;
    },
  };
}

/** `Class.method File.java:LINE` of each method of a program: its first line with code, as javac tells it. */
export const methodsIn = (program: string): Set<string> => new Set(linesIn(program).keys());

/** Of each such method all lines of its line table. */
export function linesIn(program: string): Map<string, ReadonlySet<number>> {
  const javap = join(jdks[0]?.home ?? '', 'bin/javap');
  const text = execFileSync(javap, ['-p', '-l', '-cp', compiledClasses(), program], { encoding: 'utf8' });
  const found = new Map<string, ReadonlySet<number>>();
  for (const part of text.split('\n\n')) {
    const name = /([\w$]+)\([^)]*\)(?: throws [\w., ]+)?;/.exec(part)?.[1];
    const lines = [...part.matchAll(/line (\d+):/g)].map(([, line]) => Number(line));
    if (name !== undefined && lines.length > 0)
      found.set(`${program}.${name} ${program}.java:${Math.min(...lines)}`, new Set(lines));
  }
  return found;
}

/** The line of a program's text that ends with such a comment. */
export function markedLine(program: string, mark: string): number {
  const text = readFileSync(join(sources, `${program}.java`), 'utf8');
  const at = text.split('\n').findIndex((line) => line.endsWith(`// ${mark}`));
  assert(at >= 0, mark);
  return at + 1;
}
