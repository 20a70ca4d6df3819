/** The CPU profile that a Go program has written of itself, as `go tool pprof` reads it. */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';

export interface GoStack {
  readonly count: number;
  /** Names of the functions, what was inlined among them, root first. */
  readonly names: readonly string[];
}

export function readGoProfile(program: string, profile: string): GoStack[] {
  const raw = execFileSync('go', ['tool', 'pprof', '-raw', program, profile], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, PPROF_TMPDIR: tmpdir() },
  });
  const [samples = '', rest = ''] = raw.split('\nLocations\n');
  const namesOf = readLocations(rest.split('\nMappings\n')[0] ?? '');
  return [...samples.matchAll(/^\s+(\d+)\s+\d+: ([\d ]+)$/gm)].map(([, count, ids = '']) => ({
    count: Number(count),
    names: ids
      .trim()
      .split(' ')
      .flatMap((id) => namesOf.get(id) ?? [])
      .reverse(),
  }));
}

/** Of each location its functions, innermost first: `1: 0x4aa8c6 M=1 main.turn /x.go:27 s=0`, then one for each caller. */
function readLocations(text: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  let current: string[] = [];
  for (const [, id, name = ''] of text.matchAll(/^\s+(?:(\d+): 0x\w+ M=\d+ )?(\S+) \S+:\d+ s=\d+$/gm)) {
    if (id !== undefined) {
      current = [];
      found.set(id, current);
    }
    current.push(name);
  }
  return found;
}
