/** The script of the HTML report: reads the profile that lies in the page, draws it, and listens to the controls. */
import { duration, percent } from '../../profile/format.ts';
import { type FlameNode, inverted, matchedNs, topDown, totalsOf } from './flame-node.ts';
import { FlameGraph, type NodeText } from './graph.ts';
import type { PageProfile } from './page-profile.ts';

function part<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}

const profile = JSON.parse(part('profile', HTMLScriptElement).text) as PageProfile;
const totals = totalsOf(profile);
const allNs = totals[0] as number;
const views = { topDown: topDown(profile, totals), inverted: undefined as FlameNode | undefined };

const details = part('details', HTMLElement);
const search = part('search', HTMLInputElement);
const found = part('found', HTMLElement);
const invert = part('invert', HTMLButtonElement);
const theme = part('theme', HTMLButtonElement);

// A name may be ten thousand characters long, and its times stand behind it.
const longestName = 500;

function textOf(node: FlameNode): NodeText {
  const [name = '?', module = -1, kind = -1] = profile.functions[node.function] ?? [];
  const share = (ns: number): string => `${percent(allNs > 0 ? ns / allNs : 0)} ${duration(ns)}`;
  const where = profile.modules[module] ?? '';
  const self = node.selfNs === undefined ? '' : `, self ${share(node.selfNs)}`;
  const times = `total ${share(node.totalNs)}${self}`;
  const short = name.length > longestName ? `${name.slice(0, longestName)}…` : name;
  return { name, kind: profile.kinds[kind] ?? '', label: `${short}${where && `  ${where}`}  ${times}` };
}

const graph = new FlameGraph(part('graph', HTMLElement), views.topDown, {
  textOf,
  onShow(node) {
    details.textContent = textOf(node).label;
  },
});

function find(): void {
  if (search.value === '') {
    graph.setMatches(undefined);
    found.textContent = '';
    return;
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(search.value, 'i');
  } catch {
    found.textContent = 'not a regular expression';
    return;
  }
  const matches = new Set(profile.functions.flatMap(([name], i) => (pattern.test(name) ? [i] : [])));
  graph.setMatches(matches);
  const ns = matchedNs(profile, totals, matches);
  found.textContent = `${matches.size} functions, in ${percent(allNs > 0 ? ns / allNs : 0)} of the time`;
}

function toggleInverted(): void {
  const isInverted = invert.getAttribute('aria-pressed') !== 'true';
  invert.setAttribute('aria-pressed', String(isInverted));
  views.inverted ??= inverted(profile);
  graph.setRoot(isInverted ? views.inverted : views.topDown);
}

/** What the system asks for, until it is chosen here. */
function toggleTheme(): void {
  const chosen = document.documentElement.dataset['theme'];
  const isDark = (chosen ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : '')) === 'dark';
  document.documentElement.dataset['theme'] = isDark ? 'light' : 'dark';
}

search.addEventListener('input', find);
invert.addEventListener('click', toggleInverted);
theme.addEventListener('click', toggleTheme);
part('reset', HTMLButtonElement).addEventListener('click', () => graph.zoomOut());
document.addEventListener('keydown', (event) => {
  if (event.target === search || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === '/') search.focus();
  else if (event.key === 'i') toggleInverted();
  else return;
  event.preventDefault();
});
