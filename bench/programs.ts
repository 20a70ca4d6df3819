/**
 * Real programs that a Debian machine has, each with enough to do for a minute. What they work on is made in a
 * folder of the caller; a program that is not installed has no command.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFixture } from '../test/helpers/fixtures.ts';
import { hasCommand } from './target.ts';

export interface Program {
  readonly name: string;
  readonly debianPackage: string;
  /** The share of stacks that must reach the root. */
  readonly least: number;
  /** @returns the command, or undefined when it is not installed */
  prepare(folder: string): readonly string[] | undefined;
}

/** Half a million lines of pseudo-random words (16 MB): work for xz and sort, the same in every run. */
function wordFile(folder: string): string {
  let state = 1;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state.toString(36);
  };
  const file = join(folder, 'words');
  writeFileSync(
    file,
    Array.from({ length: 500_000 }, () => `${next()} ${next()} ${next()} ${next()}\n`).join(''),
  );
  return file;
}

function ifInstalled(command: string, argv: () => readonly string[]): readonly string[] | undefined {
  return hasCommand(command) ? argv() : undefined;
}

const pythonText = `
def hot(n): return sum(i * i for i in range(n))
def warm(n): return sorted(str(i) for i in range(n))
def work(depth): return work(depth - 1) if depth else (hot(3000), warm(500))
while True: work(20)
`;

/** Allocates, sorts, parses and matches: JIT code, builtins, the collector and its helper threads. */
export const nodeText = `
const records = Array.from({ length: 500 }, (_, i) => ({ id: i, name: 'n' + ((i * 7919) % 500), tags: [i, i + 1] }));
const rank = (list) => list.slice().sort((a, b) => (a.name < b.name ? -1 : 1));
const match = (text) => text.replace(/n(\\d)(\\d+)/g, (_, a, b) => b + a).length;
const turn = () => match(JSON.stringify(rank(JSON.parse(JSON.stringify(records)))));
for (let sum = 0; ; sum += turn());
`;

/**
 * Comparing by key takes a buffer of 4000 bytes on the stack. In the second thread nothing ever touched its pages, and
 * the kernel copies without faulting pages in (perf_output_copy_user): its copy ends there, however large it may be.
 */
function sortProgram(name: string, order: readonly string[]): Program {
  return {
    name,
    debianPackage: 'coreutils',
    least: 0.995,
    prepare: (folder) => [
      ...['sort', ...order, '--parallel=2', '-S', '100M', '-T', folder, '-o', '/dev/null'],
      ...Array<string>(48).fill(wordFile(folder)),
    ],
  };
}

const cxxText = `
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <unordered_map>
template <int N> struct Step {
  std::map<int, std::function<int(int)>> calls;
  std::unordered_map<std::string, std::vector<Step<N - 1>>> below;
  int run(const std::string& text) {
    calls[N] = [this](int x) { return x + static_cast<int>(below.size()); };
    std::vector<std::pair<int, std::string>> all{{N, text}};
    std::sort(all.begin(), all.end());
    return std::regex_search(text, std::regex("a" + text)) ? Step<N - 1>().run(text) : calls[N](N);
  }
};
template <> struct Step<0> { int run(const std::string&) { return 0; } };
int main() { return Step<200>().run("text"); }
`;

const goText = `package main
import ("fmt"; "io"; "sort"; "strings")
func hot(n int) int { sum := 0; for i := 0; i < n; i++ { sum += i * i }; return sum }
func warm(n int) string {
  words := make([]string, n)
  for i := range words { words[i] = fmt.Sprint((i * 7919) % n) }
  sort.Strings(words)
  return strings.Join(words, " ")
}
func main() { for { fmt.Fprintln(io.Discard, hot(100000), warm(300)) } }
`;

/** Deeper than the first stack copies (16 KiB): they must grow. */
const deep: Program = {
  name: 'deep (400 frames of 64 bytes)',
  debianPackage: 'gcc',
  least: 0.995,
  prepare: () => [buildFixture('deep'), '600', '400'],
};

/** One frame larger than the first stack copies, above a known chain. */
const bigFrame: Program = {
  name: 'big_frame (16 KiB of locals)',
  debianPackage: 'gcc',
  least: 0.995,
  prepare: () => [buildFixture('big_frame'), '600'],
};

/** The compiler proper: g++ itself only waits for it. */
function compilerCommand(folder: string): readonly string[] {
  const ask = (question: string) => spawnSync('g++', [question], { encoding: 'utf8' }).stdout.trim();
  const source = join(folder, 'steps.cc');
  writeFileSync(source, cxxText);
  const flags = ['-quiet', '-imultiarch', ask('-print-multiarch'), '-D_GNU_SOURCE', '-O2'];
  return [ask('-print-prog-name=cc1plus'), ...flags, source, '-o', '/dev/null'];
}

function goCommand(folder: string): readonly string[] {
  const source = join(folder, 'spin.go');
  const binary = join(folder, 'spin');
  writeFileSync(source, goText);
  const { status, stderr } = spawnSync('go', ['build', '-o', binary, source], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`go build: ${stderr}`);
  return [binary];
}

export const programs: readonly Program[] = [
  {
    name: 'openssl speed rsa2048',
    debianPackage: 'openssl',
    least: 0.995,
    prepare: () => ifInstalled('openssl', () => ['openssl', 'speed', '-seconds', '60', 'rsa2048']),
  },
  {
    name: 'xz -6',
    debianPackage: 'xz-utils',
    least: 0.995,
    prepare: (folder) =>
      ifInstalled('xz', () => ['xz', '-6', '-T1', '-c', ...Array<string>(8).fill(wordFile(folder))]),
  },
  {
    name: 'python3',
    debianPackage: 'python3',
    least: 0.995,
    prepare: () => ifInstalled('/usr/bin/python3', () => ['/usr/bin/python3', '-c', pythonText]),
  },
  sortProgram('sort', ['-k2']),
  sortProgram('sort -V', ['-V']),
  sortProgram('sort -g', ['-g']),
  {
    name: 'g++ -O2 (cc1plus)',
    debianPackage: 'g++',
    least: 0.995,
    prepare: (folder) => ifInstalled('g++', () => compilerCommand(folder)),
  },
  {
    name: 'node',
    debianPackage: 'nodejs',
    least: 0.99,
    prepare: () => [process.execPath, '-e', nodeText],
  },
  {
    name: 'go',
    debianPackage: 'golang-go',
    least: 0.99,
    prepare: (folder) => ifInstalled('go', () => goCommand(folder)),
  },
  deep,
  bigFrame,
];
