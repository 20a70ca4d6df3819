/**
 * Which language runtime a process runs, told cheaply: by the name of its program, else by a library that it has mapped,
 * else by a section of its file. Nothing of it is certain enough for names of functions, but it is for a list.
 */
import { closeSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { fileBytes } from '../symbolize/byte-source.ts';
import { parseElf, sectionNamed } from '../symbolize/elf-file.ts';

const programs: readonly (readonly [pattern: RegExp, runtime: string])[] = [
  [/^node(js)?(-?\d+)?$/, 'node'],
  [/^(deno|bun|ruby|php|dotnet|electron)/, '$1'],
  [/^java$/, 'java'],
  [/^(python|pypy)\d*/, 'python'],
  [/^beam/, 'beam'],
  [/^luajit/, 'luajit'],
];

const libraries: readonly (readonly [pattern: RegExp, runtime: string])[] = [
  [/\/libjvm\.so/, 'java'],
  [/\/libnode\.so/, 'node'],
  [/\/libpython\d[\w.]*\.so/, 'python'],
  [/\/libcoreclr\.so/, 'dotnet'],
  [/\/libruby[\w.-]*\.so/, 'ruby'],
  [/\/libluajit/, 'luajit'],
];

export class ProcessRuntimes {
  /** By file: many processes run one program. */
  readonly #isGo = new Map<string, boolean>();

  /** '' when none can be told, or the process may not be looked at. */
  of(pid: number): string {
    const exe = read(() => readlinkSync(`/proc/${pid}/exe`));
    if (exe === undefined) return '';
    const program = basename(exe.replace(/ \(deleted\)$/, ''));
    const known = runtimeIn(program, programs);
    if (known !== '') return known;
    const maps = read(() => readFileSync(`/proc/${pid}/maps`, 'latin1')) ?? '';
    return runtimeIn(maps, libraries) || (this.#isGoProgram(pid) ? 'go' : '');
  }

  #isGoProgram(pid: number): boolean {
    const path = `/proc/${pid}/exe`;
    const file = read(() => statSync(path));
    if (file === undefined) return false;
    const key = `${file.dev}:${file.ino}:${file.mtimeMs}`;
    const isGo = this.#isGo.get(key) ?? hasGoTable(path);
    this.#isGo.set(key, isGo);
    return isGo;
  }
}

function runtimeIn(text: string, list: typeof programs): string {
  for (const [pattern, runtime] of list) {
    const found = pattern.exec(text);
    if (found) return runtime.replace('$1', found[1] ?? '');
  }
  return '';
}

/** Go programs bring the table that their runtime needs, stripped ones too. */
function hasGoTable(path: string): boolean {
  const fd = read(() => openSync(path, 'r'));
  if (fd === undefined) return false;
  try {
    const file = parseElf(fileBytes(fd));
    return ['.gopclntab', '.data.rel.ro.gopclntab', '.go.buildinfo'].some(
      (name) => file && sectionNamed(file, name),
    );
  } finally {
    closeSync(fd);
  }
}

/** Undefined when it is refused or gone: a process may end at any moment. */
function read<T>(from: () => T): T | undefined {
  try {
    return from();
  } catch {
    return undefined;
  }
}
