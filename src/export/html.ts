/**
 * The HTML report: one file that asks for nothing, with the flame graph, the banner's lines, the hottest functions and
 * all metadata. Names are hostile: they stand as escaped text or inside JSON, and the page's policy lets only the one
 * script and the one style run whose hashes it names.
 */
import { createHash } from 'node:crypto';
import { type CallTree, ROOT } from '../profile/call-tree.ts';
import { duration, percent } from '../profile/format.ts';
import { jsonColumn } from './json-column.ts';
import { metaEntries, profileMeta } from './meta.ts';
import { bannerLines, hottest, titleLine } from './report.ts';
import type { RunSummary } from './summary.ts';

/** The page's own code, built from page/. */
export interface PageSource {
  readonly script: string;
  readonly style: string;
}

export function* writeHtml(run: RunSummary, { script, style }: PageSource): Generator<string> {
  const title = escaped(titleLine(run));
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  yield `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
<ul class="banner">
`;
  for (const line of bannerLines(run)) {
    yield `<li${line.startsWith('WARNING') ? ' class="warning"' : ''}>${escaped(line)}</li>\n`;
  }
  yield `</ul>
<div class="controls">
<input id="search" type="search" placeholder="search, a regular expression ( / )" aria-label="search, a regular expression">
<button id="invert" type="button" aria-pressed="false">inverted ( i )</button>
<button id="reset" type="button">whole graph ( esc )</button>
<button id="theme" type="button">dark / light</button>
<span id="found" role="status"></span>
<div id="details" role="status"></div>
</div>
<noscript><p>The graph needs scripts; the tables below do not.</p></noscript>
<div id="graph" role="tree" aria-label="flame graph: arrow keys move, enter zooms, escape shows all"></div>
`;
  yield* hottestTable(run.profile.tree);
  yield '<details><summary>Metadata</summary>\n<table>\n';
  for (const [key, value] of metaEntries(profileMeta(run))) {
    yield `<tr><th scope="row">${escaped(key)}</th><td>${escaped(value)}</td></tr>\n`;
  }
  yield '</table></details>\n<script id="profile" type="application/json">';
  for (const piece of pageProfile(run.profile.tree)) yield piece.replaceAll('<', '\\u003c');
  yield `</script>\n<script>${script}</script>\n</html>\n`;
}

function* hottestTable(tree: CallTree): Generator<string> {
  const allNs = tree.totalNs(ROOT);
  const cell = (ns: number): string =>
    `<td class="number">${escaped(percent(allNs > 0 ? ns / allNs : 0))}</td><td class="number">${duration(ns)}</td>`;
  yield '<details><summary>Hottest functions</summary>\n<table>\n';
  yield '<tr><th scope="col" colspan="2">self</th><th scope="col" colspan="2">total</th><th scope="col">function</th><th scope="col">module</th></tr>\n';
  for (const { function: found, selfNs, totalNs } of hottest(tree)) {
    const [name, module] = [escaped(found.name), escaped(found.module)];
    yield `<tr>${cell(selfNs)}${cell(totalNs)}<td>${name}</td><td>${module}</td></tr>\n`;
  }
  yield '</table></details>\n';
}

/** The columns of `PageProfile`, in pieces. */
function* pageProfile(tree: CallTree): Generator<string> {
  const functions = new Map<number, number>();
  const rows: string[] = [];
  const modules = new Map<string, number>();
  const kinds = new Map<string, number>();
  const indexIn = (known: Map<string, number>, text: string): number => {
    const index = known.get(text) ?? known.size;
    known.set(text, index);
    return index;
  };
  const functionOf = (node: number): number => {
    const { id, name, module, kind } = tree.functionOf(node);
    const known = functions.get(id);
    if (known !== undefined) return known;
    functions.set(id, rows.length);
    return rows.push(JSON.stringify([name, indexIn(modules, module), indexIn(kinds, kind)])) - 1;
  };
  yield '{"parents":[';
  yield* jsonColumn(tree.nodeCount, (node) => tree.parentOf(node));
  yield '],"nodeFunctions":[';
  yield* jsonColumn(tree.nodeCount, functionOf);
  yield '],"selfNs":[';
  yield* jsonColumn(tree.nodeCount, (node) => tree.selfNs(node));
  yield '],"functions":[';
  for (const [i, row] of rows.entries()) yield i > 0 ? `,${row}` : row;
  yield `],"modules":${JSON.stringify([...modules.keys()])},"kinds":${JSON.stringify([...kinds.keys()])}}`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text
    .replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ')
    .replaceAll(/[&<>"']/g, (character) => entities[character] as string);
}
