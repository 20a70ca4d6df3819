/** Go programs as targets: test/fixtures/go, built once per set of flags. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = join(tmpdir(), `prof-tui-go-${process.pid}`);

const sources = fileURLToPath(new URL('../fixtures/go', import.meta.url));

/**
 * The path of the program.
 * @param name of a file there, or of a folder: C beside Go
 * @param flags of `go build`: `-ldflags=-s -w` strips it
 */
export function buildGo(name: string, flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): string {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, `${name}-${flags.join('').replace(/\W/g, '')}`);
  const source = existsSync(join(sources, name)) ? `./${name}` : `${name}.go`;
  execFileSync('go', ['build', ...flags, '-o', program, source], {
    cwd: sources,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, GOCACHE: join(tmpdir(), 'prof-tui-go-cache'), GO111MODULE: 'off', ...env },
  });
  return program;
}
