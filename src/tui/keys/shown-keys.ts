/** The key map in words: lines of the help, hints of the footers, entries of the palette, the table of the README. */
import type { Glyphs } from '../theme.ts';
import { type ViewName, viewNames } from '../views.ts';
import type { Binding } from './binding.ts';
import { keysInForce, type ListName } from './keymap.ts';

/** Where keys have hints: a view, or a panel by the name of its list. */
export type KeyMode = ViewName | Exclude<ListName, 'tree' | 'everywhere' | 'prompt' | 'help'>;

export interface KeyLine {
  readonly section: string;
  readonly keys: string;
  readonly text: string;
}

/** Every key of every list as one line of words, in the order of declaration. */
export function keyLines(glyphs: Glyphs): readonly KeyLine[] {
  return Object.values(keysInForce())
    .flat()
    .map((binding) => ({
      section: binding.section,
      keys: binding.keys.map((key) => keyLabel(key, glyphs)).join(' '),
      text: binding.text,
    }));
}

/** Views with keys of their own have a list of their name. */
const viewLists = ['flame', 'functions', 'threads'] as const satisfies readonly ViewName[];

/** What can be done in a view, its own commands first: what the palette offers. */
export function viewBindings(view: ViewName): readonly Binding<string>[] {
  const lists = keysInForce();
  const own = viewLists.flatMap((list) => (list === view ? lists[list] : []));
  const taken = new Set(own.flatMap((binding) => binding.keys));
  // A list has nothing to open.
  const isFlat = view === 'functions' || view === 'threads';
  const shared = lists.tree.filter(
    ({ keys, section, command }) =>
      !keys.some((key) => taken.has(key)) && !(isFlat && section === 'Tree' && command !== 'back'),
  );
  const everywhere = lists.everywhere.filter(({ command }) => command !== 'quit');
  return [...own, ...shared, ...everywhere];
}

function bindingsOf(mode: KeyMode): readonly Binding<string>[] {
  return isView(mode) ? viewBindings(mode) : keysInForce()[mode];
}

function isView(mode: KeyMode): mode is ViewName {
  return (viewNames as readonly string[]).includes(mode);
}

/** The footer's hints for a mode: first key and short word. */
export function footerHints(mode: KeyMode, glyphs: Glyphs): readonly string[] {
  const list = bindingsOf(mode);
  return list.flatMap((binding) =>
    binding.hint === undefined ? [] : [`${hintKeys(binding, list, glyphs)} ${binding.hint}`],
  );
}

/** Halves of one movement share a hint: `jk move`, `-+ rate`, `1-5 views`. */
const hintPartners: Readonly<Record<string, readonly string[]>> = {
  down: ['up'],
  slower: ['faster'],
  'function-below': ['function-above'],
  'row-below': ['row-above', 'frame-left', 'frame-right'],
};

function hintKeys(binding: Binding<string>, list: readonly Binding<string>[], glyphs: Glyphs): string {
  const label = (command: string) =>
    keyLabel(list.find((other) => other.command === command)?.keys[0] ?? '', glyphs);
  if (binding.command === 'view-tree') return `${label('view-tree')}-${label(`view-${viewNames.at(-1)}`)}`;
  return [binding.command, ...(hintPartners[binding.command] ?? [])].map(label).join('');
}

export function keyLabel(key: string, glyphs: Glyphs): string {
  const [left, down, up, right] = glyphs.arrows;
  const special: Readonly<Record<string, string>> = {
    left,
    down,
    up,
    right,
    enter: glyphs.enter,
    escape: 'esc',
    backspace: 'Backspace',
    tab: 'Tab',
    'shift+tab': 'Shift-Tab',
    pageup: 'PgUp',
    pagedown: 'PgDn',
    home: 'Home',
    end: 'End',
    f1: 'F1',
  };
  return special[key] ?? key.replace(/^ctrl\+(.)$/, (_, letter: string) => `^${letter.toUpperCase()}`);
}

/** The key table of the README, as Markdown, one table for all sections. */
export function keyTableMarkdown(glyphs: Glyphs): string {
  const code = (keys: string) =>
    keys
      .split(' ')
      .map((key) => `\`${key}\``)
      .join(' ');
  const rows = keyLines(glyphs).map((line) => `| ${line.section} | ${code(line.keys)} | ${line.text} |`);
  return ['| | keys | does |', '|---|---|---|', ...rows].join('\n');
}
