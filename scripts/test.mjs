/**
 * `npm test`: builds, checks style and types, then runs the tests under node:test. Files that profile share the
 * machine's CPUs with nothing else (one at a time); pure ones beside the code run in parallel.
 * `--unit` runs only the tests beside the code, `--real` the suite against real programs (test/real).
 * Further arguments are files to run instead. Benchmarks are not part of it.
 *
 * A test that failed is run once more, alone, and said so: shares of CPU time are measured on machines that others use
 * too, and a stall in the midst of one spoils it. What is wrong fails twice.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuilt, orExit } from './build.mjs';
import { bothRuns, secondRun } from './second-run.mjs';
import { filesBelow, root } from './stamp.mjs';

const isTest = (file) => /\.test\.tsx?$/.test(file);
/** Beside the code, yet they load the addon and watch a live process. */
const profiles = (file) => /^src\/(engine|record)\//.test(file);

/** Files grouped by how many may run at once. */
function plan(args) {
  const named = args.filter((arg) => !arg.startsWith('--'));
  if (named.length > 0) return [{ files: named, concurrency: 1 }];
  const beside = filesBelow('src').filter(isTest);
  const across = filesBelow('test').filter(isTest);
  const isReal = (file) => file.startsWith('test/real/');
  if (args.includes('--real')) return [{ files: across.filter(isReal), concurrency: 1 }];
  const pure = { files: beside.filter((file) => !profiles(file)), concurrency: availableParallelism() };
  const alone = { files: beside.filter(profiles), concurrency: 1 };
  if (args.includes('--unit')) return [pure, alone];
  return [pure, alone, { files: across.filter((file) => !isReal(file)), concurrency: 1 }];
}

/** What biome looks at: code and settings. Tables of the documents are laid out by hand. */
function codePaths() {
  const paths = ['bench', 'bin', 'scripts', 'src', 'test', 'biome.json', 'package.json', 'tsconfig.json'];
  return paths.filter((path) => existsSync(join(root, path)));
}

/** Runs one check with its output shown. Returns whether it passed. */
function check(title, script, args) {
  process.stdout.write(`# ${title}\n`);
  const result = spawnSync(process.execPath, [join(root, script), ...args], { cwd: root, stdio: 'inherit' });
  return result.status === 0;
}

/** Runs one group; an empty one passes. `counts` is the file that the counting reporter appends to. */
function runGroup({ files, concurrency, pattern }, counts) {
  if (files.length === 0) return true;
  const runner = ['--import', 'tsx', '--test', '--test-force-exit', '--test-timeout=900000'];
  const reporters = [
    ...['--test-reporter=spec', '--test-reporter-destination=stdout'],
    ...['--test-reporter=./scripts/count-reporter.mjs', '--test-reporter-destination=stderr'],
  ];
  const names = pattern === undefined ? [] : [`--test-name-pattern=${pattern}`];
  const args = [...runner, `--test-concurrency=${concurrency}`, ...names, ...reporters, ...files];
  const result = spawnSync(process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PROF_TUI_TEST_COUNTS: counts },
  });
  return result.status === 0;
}

/**
 * The runner closes with `tests 12`, `pass 12` …: the sums over the groups, after the skips with their reasons and the
 * tests that failed, with what.
 */
function closingLines(lines) {
  const sumOf = (key) => {
    const numbers = lines
      .filter((line) => line.startsWith(`${key} `))
      .map((line) => Number(line.split(' ')[1]));
    return numbers.reduce((sum, number) => sum + number, 0);
  };
  const keys = ['tests', 'suites', 'pass', 'fail', 'cancelled', 'skipped', 'todo'];
  const isNamed = (line) => /^(skip|passed the second time|failed twice|failed with): /.test(line);
  return [...lines.filter(isNamed), ...keys.map((key) => `${key} ${sumOf(key)}`)];
}

const args = process.argv.slice(2);
await orExit(ensureBuilt);
const checks = [
  check('biome check', 'node_modules/@biomejs/biome/bin/biome', ['check', ...codePaths()]),
  check('tsc --noEmit', 'node_modules/typescript/bin/tsc', ['--noEmit']),
  check('tsc -p src/export/page', 'node_modules/typescript/bin/tsc', ['--noEmit', '-p', 'src/export/page']),
];

const folder = mkdtempSync(join(tmpdir(), 'prof-tui-test-'));
/** Runs groups one after another. Returns whether all passed, and the lines that were counted. */
function runAll(groups, name) {
  const counts = join(folder, name);
  writeFileSync(counts, '');
  const passed = groups.map((group) => runGroup(group, counts)).every(Boolean);
  return { passed, lines: readFileSync(counts, 'utf8').split('\n') };
}

const first = runAll(plan(args), 'first');
const again = secondRun(first.lines);
if (again.length > 0) process.stdout.write('# what failed, once more and alone\n');
const second = again.length > 0 ? runAll(again, 'second') : undefined;
rmSync(folder, { recursive: true });

const passed = checks.every(Boolean) && (first.passed || second?.passed === true);
const closing = closingLines(bothRuns(first.lines, second?.lines));
process.stdout.write(`${[...closing, passed ? 'passed' : 'FAILED'].map((line) => `# ${line}`).join('\n')}\n`);
process.exitCode = passed ? 0 : 1;
