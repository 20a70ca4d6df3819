/**
 * Reads the imports of a source tree and names each one that the layering forbids. The rules are data, top of the
 * file; they are those of docs/architecture.md. Test files are not held to them: a test may use what it likes.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import ts from 'typescript';

/** TypeScript: a folder of src/ and the folders it may import. Root files and commands/ may import all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  profile: [],
  encoding: [],
  symbolize: ['profile'],
  export: ['profile', 'encoding'],
  record: ['profile', 'encoding'],
  engine: ['profile', 'symbolize'],
  push: [],
  replay: ['profile', 'symbolize', 'engine', 'record'],
  tui: ['profile'],
};
const entryFolders = ['', 'commands'];

/** The only values that the screen takes from the engine are the words of its warnings; the rest are types. */
const screenMayCall = { file: 'engine/warnings.ts', name: 'describe' };

const addonLoader = 'engine/native.ts';

/** C++: a folder of native/ ('' = its root) and the folders whose headers it must not see. */
const mustNotInclude: Readonly<Record<string, readonly string[]>> = {
  base: ['capture', 'launch', 'unwind', 'proc', 'table', 'runtime', ''],
  launch: ['capture', 'unwind', 'proc', 'table', 'runtime', ''],
  unwind: ['capture', 'proc', 'table', 'runtime', ''],
  proc: ['capture', 'table', ''],
  runtime: ['capture', 'launch', 'table', 'proc', ''],
};

/** Headers that join the layers: below them nobody may look up. */
const joiners = ['session.h', 'addon.h', 'sample_pipeline.h'];

/** Plain data and pure functions that the code in the target and the readers share: anybody may see them. */
const sharedHeaders = [
  'capture/raw_sample.h',
  'capture/payload/python_frames.h',
  'capture/payload/python_walk.h',
];

interface Import {
  readonly from: string;
  readonly isTypeOnly: boolean;
  /** Imported names; empty for side effects, namespaces and dynamic imports. */
  readonly names: readonly string[];
}

/** @returns one line per violation, `path: what`; empty for a clean tree. `root` holds src/ and native/. */
export function layerViolations(root: string): string[] {
  const typescript = filesOf(join(root, 'src'), /\.tsx?$/).filter((file) => !/\.test\.tsx?$/.test(file));
  const native = filesOf(join(root, 'native'), /\.(cc|h)$/);
  return [
    ...typescript.flatMap((file) => checkTypeScript(join(root, 'src'), file)),
    ...native.flatMap((file) => checkNative(join(root, 'native'), file)),
    ...[...typescript, ...native].flatMap((file) => checkAnyFile(root, file)),
  ];
}

function filesOf(folder: string, pattern: RegExp): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'build' ? [] : filesOf(path, pattern);
    return pattern.test(entry.name) ? [path] : [];
  });
}

function checkTypeScript(source: string, file: string): string[] {
  const path = relative(source, file);
  const text = readFileSync(file, 'utf8');
  const found = [...importsOf(file, text).flatMap((each) => checkImport(source, file, each))];
  if (loadsAddon(text) && path !== addonLoader) found.push('loads the addon');
  if (/\bconsole\s*\./.test(withoutComments(text))) found.push('uses console');
  return found.map((what) => `src/${path}: ${what}`);
}

function checkImport(source: string, file: string, each: Import): string[] {
  if (!each.from.startsWith('.')) return [];
  const target = normalize(join(relative(source, dirname(file)), each.from));
  const folder = firstFolder(relative(source, file));
  const wanted = firstFolder(target);
  if (entryFolders.includes(folder) || wanted === folder) return [];
  const allowed = mayImport[folder];
  if (allowed === undefined) return ['lies in a folder without a rule'];
  if (allowed.includes(wanted)) return [];
  if (folder === 'tui' && wanted === 'engine' && screenMayImport(target, each)) return [];
  return [`imports ${target}`];
}

function screenMayImport(target: string, each: Import): boolean {
  if (each.isTypeOnly) return true;
  const isWords = target === screenMayCall.file && each.names.length > 0;
  return isWords && each.names.every((name) => name === screenMayCall.name);
}

function firstFolder(path: string): string {
  const parts = path.split('/');
  return parts.length > 1 ? (parts[0] ?? '') : '';
}

function importsOf(file: string, text: string): Import[] {
  const tree = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    const each = importIn(node);
    if (each !== undefined) found.push(each);
    ts.forEachChild(node, visit);
  };
  visit(tree);
  return found;
}

function importIn(node: ts.Node): Import | undefined {
  if (ts.isImportDeclaration(node))
    return { from: textOf(node.moduleSpecifier), ...bindingsOf(node.importClause) };
  if (ts.isExportDeclaration(node) && node.moduleSpecifier) {
    return { from: textOf(node.moduleSpecifier), isTypeOnly: node.isTypeOnly, names: [] };
  }
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
    return { from: textOf(node.argument.literal), isTypeOnly: true, names: [] };
  }
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    const [from] = node.arguments;
    return from === undefined ? undefined : { from: textOf(from), isTypeOnly: false, names: [] };
  }
  return undefined;
}

function bindingsOf(clause: ts.ImportClause | undefined): Omit<Import, 'from'> {
  if (clause === undefined) return { isTypeOnly: false, names: [] };
  const bindings = clause.namedBindings;
  const elements = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements : undefined;
  const values = elements?.filter((element) => !element.isTypeOnly) ?? [];
  const isTypeOnly = clause.isTypeOnly || (elements !== undefined && !clause.name && values.length === 0);
  return { isTypeOnly, names: values.map((element) => (element.propertyName ?? element.name).text) };
}

function textOf(node: ts.Node): string {
  return ts.isStringLiteralLike(node) ? node.text : '';
}

function loadsAddon(text: string): boolean {
  return /process\.dlopen|node-gyp-build|\.node['"`]/.test(withoutComments(text));
}

/** Good enough for words that no string of ours holds beside a comment mark. */
function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|(?<!:)\/\/.*$/gm, '');
}

function checkNative(native: string, file: string): string[] {
  const path = relative(native, file);
  const includes = [...readFileSync(file, 'utf8').matchAll(/^\s*#\s*include\s+"([^"]+)"/gm)];
  return includes.flatMap(([, header = '']) => checkInclude(native, path, header));
}

function checkInclude(native: string, path: string, header: string): string[] {
  const violation = [`native/${path}: includes ${header}`];
  const folder = firstFolder(path);
  // Quoted headers of other libraries (napi.h) are not ours.
  const ours = [header, join(dirname(path), header)].find((candidate) => isFile(join(native, candidate)));
  if (path === 'addon.cc') return header === 'session.h' || ours === undefined ? [] : violation;
  if (ours === undefined || sharedHeaders.includes(ours)) return [];
  if (folder !== '' && joiners.includes(ours)) return violation;
  return (mustNotInclude[folder] ?? []).includes(firstFolder(ours)) ? violation : [];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** What holds for every file: a name that says its topic, and an opening comment that says what it is. */
function checkAnyFile(root: string, file: string): string[] {
  const found: string[] = [];
  const stem = basename(file).replace(/\.\w+$/, '');
  if (/^(utils?|misc|common|helpers?|manager)$/.test(stem)) found.push('is named for no topic');
  const text = readFileSync(file, 'utf8');
  if (!/^(#!.*\n)?(\/\*\*|\/\/)/.test(text) && !opensWithOwnHeader(file, text))
    found.push('has no opening comment');
  return found.map((what) => `${relative(root, file)}: ${what}`);
}

/** The description of a C++ unit may stand in its header. */
function opensWithOwnHeader(file: string, text: string): boolean {
  if (!file.endsWith('.cc')) return false;
  const first = /^#include "(?:.*\/)?([^/"]+)"/.exec(text)?.[1];
  return first === basename(file).replace(/\.cc$/, '.h');
}
