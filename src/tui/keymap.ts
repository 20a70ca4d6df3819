/**
 * Every key, once: keys, command, words and section. The dispatcher, the help screen, the footer and the key table
 * of the README are all made from this list.
 */
import type { Glyphs } from './theme.ts';
import { type ViewName, viewNames } from './views.ts';

/** Where a key is valid. Text typed into an input or into the help filter never runs a command. */
type PanelName = 'why' | 'engine' | 'output' | 'source' | 'palette' | 'picker';
export type KeyMode = ViewName | PanelName;

export interface Binding<Command extends string> {
  readonly command: Command;
  /** Names as the input parser gives them; the first ones are shown. */
  readonly keys: readonly string[];
  readonly text: string;
  readonly section: string;
  /** Short word for the footer; only keys that have one stand there, in this order. */
  readonly hint?: string;
}

function bind<const Command extends string>(list: readonly Binding<Command>[]): readonly Binding<Command>[] {
  return list;
}

/** Each changes the tree itself; they are the same in every view. */
const transformKeys = bind([
  { command: 'keep-matches', keys: ['&'], text: 'keep only stacks with a match', section: 'Find' },
  { command: 'focus-function', keys: ['f'], text: 'focus on this function', section: 'Transform' },
  { command: 'focus-subtree', keys: ['F'], text: 'focus on this subtree', section: 'Transform' },
  { command: 'merge-function', keys: ['m'], text: 'merge this function', section: 'Transform' },
  { command: 'merge-node', keys: ['M'], text: 'merge this node only', section: 'Transform' },
  { command: 'collapse-function', keys: ['c'], text: 'collapse what it calls', section: 'Transform' },
  { command: 'collapse-module', keys: ['C'], text: 'collapse its module', section: 'Transform' },
  { command: 'collapse-recursion', keys: ['R'], text: 'fold its recursion', section: 'Transform' },
  { command: 'drop-function', keys: ['d'], text: 'drop stacks with it', section: 'Transform' },
  { command: 'undo', keys: ['u'], text: 'undo the last transform', section: 'Transform' },
  { command: 'undo-all', keys: ['U'], text: 'undo all transforms', section: 'Transform' },
]);

export const treeKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next row', section: 'Move', hint: 'move' },
  { command: 'up', keys: ['k', 'up'], text: 'previous row', section: 'Move' },
  { command: 'first', keys: ['g', 'home'], text: 'first row', section: 'Move' },
  { command: 'last', keys: ['G', 'end'], text: 'last row', section: 'Move' },
  { command: 'half-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Move' },
  { command: 'half-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Move' },
  { command: 'next-sibling', keys: ['}'], text: 'next sibling', section: 'Move' },
  { command: 'previous-sibling', keys: ['{'], text: 'previous sibling', section: 'Move' },
  { command: 'open', keys: ['l', 'right'], text: 'open, then first child', section: 'Tree', hint: 'open' },
  { command: 'close', keys: ['h', 'left'], text: 'close, then parent', section: 'Tree' },
  { command: 'open-all', keys: ['E', '*'], text: 'open everything below', section: 'Tree' },
  { command: 'close-all', keys: ['W'], text: 'close everything below', section: 'Tree' },
  {
    command: 'hottest',
    keys: ['o'],
    text: 'open the hottest path from here',
    section: 'Tree',
    hint: 'hottest',
  },
  { command: 'zoom', keys: ['enter'], text: 'zoom: make this row the root', section: 'Tree', hint: 'zoom' },
  {
    command: 'back',
    keys: ['escape', 'backspace'],
    text: 'end search, zoom, transform',
    section: 'Tree',
    hint: 'back',
  },
  { command: 'view-tree', keys: ['1'], text: 'top-down tree', section: 'Views', hint: 'views' },
  { command: 'view-bottom-up', keys: ['2'], text: 'bottom-up tree', section: 'Views' },
  { command: 'view-flame', keys: ['3'], text: 'flame', section: 'Views' },
  { command: 'view-functions', keys: ['4'], text: 'functions', section: 'Views' },
  { command: 'view-threads', keys: ['5'], text: 'threads', section: 'Views' },
  { command: 'next-view', keys: ['tab'], text: 'next view', section: 'Views' },
  { command: 'previous-view', keys: ['shift+tab'], text: 'previous view', section: 'Views' },
  { command: 'invert', keys: ['i'], text: 'bottom-up and back', section: 'Views' },
  { command: 'flip', keys: ['I'], text: 'flip the flame view', section: 'Views' },
  {
    command: 'find',
    keys: ['/'],
    text: 'find a name by regex',
    section: 'Find',
    hint: 'find',
  },
  { command: 'find-next', keys: ['n'], text: 'next match', section: 'Find' },
  { command: 'find-previous', keys: ['N'], text: 'previous match', section: 'Find' },
  { command: 'find-same', keys: ['#'], text: 'find this name elsewhere', section: 'Find' },
  { command: 'pick-threads', keys: ['t'], text: 'pick threads to show', section: 'Find' },
  ...transformKeys,
  {
    command: 'pause',
    keys: ['space', 'z'],
    text: 'pause the view, resume',
    section: 'Live',
    hint: 'pause',
  },
  { command: 'window', keys: ['v'], text: 'whole run, last seconds, decay', section: 'Live' },
  { command: 'window-back', keys: ['['], text: 'window back in time', section: 'Live' },
  { command: 'window-on', keys: [']'], text: 'window on in time', section: 'Live' },
  { command: 'reset', keys: ['r'], text: 'reset: begin to count anew', section: 'Live' },
  { command: 'kernel', keys: ['K'], text: 'fold the kernel part, unfold', section: 'Look' },
  { command: 'sort', keys: ['s'], text: 'sort by total, self, name', section: 'Look' },
  { command: 'reverse', keys: ['S'], text: 'reverse the order', section: 'Look' },
  { command: 'unit', keys: ['%'], text: 'percent, time, samples', section: 'Look' },
  { command: 'names', keys: [','], text: 'full names, short names', section: 'Look' },
  { command: 'theme', keys: ['T'], text: 'next theme (dark, light, none)', section: 'Look' },
  { command: 'engine', keys: ['e'], text: 'choose the engine', section: 'Engine', hint: 'engine' },
  { command: 'slower', keys: ['-'], text: 'fewer samples a second', section: 'Engine' },
  { command: 'faster', keys: ['+', '='], text: 'more samples a second', section: 'Engine' },
  {
    command: 'why',
    keys: ['w'],
    text: 'why this engine, what is hidden',
    section: 'Engine',
    hint: 'why',
  },
  { command: 'source', keys: ['a'], text: 'hottest lines of this function', section: 'Look' },
  { command: 'baseline', keys: ['b'], text: 'mark a baseline', section: 'Keep' },
  { command: 'difference', keys: ['D'], text: 'difference from the baseline', section: 'Keep' },
  { command: 'copy-name', keys: ['y'], text: 'copy the name', section: 'Keep' },
  { command: 'copy-stack', keys: ['Y'], text: 'copy the stack, root first', section: 'Keep' },
  { command: 'export', keys: ['x'], text: 'export to a file', section: 'Keep' },
  { command: 'record', keys: ['!'], text: 'record to a file; again: end it', section: 'Keep' },
  { command: 'output', keys: ['O'], text: 'output of the launched command', section: 'Program' },
  { command: 'help', keys: ['?', 'f1'], text: 'all keys', section: 'Program', hint: 'help' },
  {
    command: 'palette',
    keys: [':'],
    text: 'find a command by its words',
    section: 'Program',
  },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Program' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Program' },
  { command: 'quit', keys: ['q', 'ctrl+c'], text: 'quit', section: 'Program', hint: 'quit' },
]);

/** Keys that mean something else in the flame view; all others mean there what they mean in the tree. */
export const flameKeys = bind([
  { command: 'row-below', keys: ['j', 'down'], text: 'frame below', section: 'Flame', hint: 'move' },
  { command: 'row-above', keys: ['k', 'up'], text: 'frame above', section: 'Flame' },
  { command: 'frame-left', keys: ['h', 'left', '{'], text: 'frame to the left', section: 'Flame' },
  { command: 'frame-right', keys: ['l', 'right', '}'], text: 'frame to the right', section: 'Flame' },
  { command: 'root-frame', keys: ['g', 'home'], text: 'root frame', section: 'Flame' },
  { command: 'leaf-frame', keys: ['G', 'end'], text: 'leaf of the widest path', section: 'Flame' },
  { command: 'page-below', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Flame' },
  { command: 'page-above', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Flame' },
]);

/** In a pane of the functions view the keys of movement walk its rows. */
export const functionKeys = bind([
  {
    command: 'function-below',
    keys: ['j', 'down'],
    text: 'next function',
    section: 'Functions',
    hint: 'move',
  },
  { command: 'function-above', keys: ['k', 'up'], text: 'previous function', section: 'Functions' },
  { command: 'first-function', keys: ['g', 'home'], text: 'first function', section: 'Functions' },
  { command: 'last-function', keys: ['G', 'end'], text: 'last function', section: 'Functions' },
  { command: 'functions-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Functions' },
  { command: 'functions-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Functions' },
  {
    command: 'to-callers',
    keys: ['h', 'left'],
    text: 'to its callers',
    section: 'Functions',
    hint: 'callers',
  },
  {
    command: 'to-callees',
    keys: ['l', 'right'],
    text: 'to what it calls',
    section: 'Functions',
    hint: 'callees',
  },
  {
    command: 'centre',
    keys: ['enter'],
    text: 'centre on it, or to the tree',
    section: 'Functions',
    hint: 'centre, tree',
  },
  {
    command: 'to-list',
    keys: ['escape', 'backspace'],
    text: 'to the list, then go back',
    section: 'Functions',
    hint: 'back',
  },
]);

export const threadKeys = bind([
  {
    command: 'only-thread',
    keys: ['enter'],
    text: 'show only this thread',
    section: 'Threads',
    hint: 'only this',
  },
  { command: 'toggle-thread', keys: ['t'], text: 'take it in, out', section: 'Threads', hint: 'in, out' },
]);

export const whyKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next gate', section: 'Why panel', hint: 'choose' },
  { command: 'up', keys: ['k', 'up'], text: 'previous gate', section: 'Why panel' },
  { command: 'copy-cure', keys: ['y'], text: 'copy the cure', section: 'Why panel', hint: 'copy the cure' },
  { command: 'probe', keys: ['r'], text: 'try every gate again', section: 'Why panel', hint: 'probe again' },
  {
    command: 'dismiss',
    keys: ['escape', 'q', 'w'],
    text: 'close the panel',
    section: 'Why panel',
    hint: 'close',
  },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Why panel' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Why panel' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Why panel' },
]);

export const engineKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next engine', section: 'Engine panel', hint: 'choose' },
  { command: 'up', keys: ['k', 'up'], text: 'previous engine', section: 'Engine panel' },
  { command: 'switch', keys: ['enter'], text: 'switch to it', section: 'Engine panel', hint: 'switch' },
  { command: 'slower', keys: ['-'], text: 'fewer samples a second', section: 'Engine panel', hint: 'rate' },
  { command: 'faster', keys: ['+', '='], text: 'more samples a second', section: 'Engine panel' },
  {
    command: 'probe',
    keys: ['r'],
    text: 'try every gate again',
    section: 'Engine panel',
    hint: 'probe again',
  },
  { command: 'copy-cure', keys: ['y'], text: 'copy the cure', section: 'Engine panel' },
  {
    command: 'dismiss',
    keys: ['escape', 'q', 'e'],
    text: 'close the panel',
    section: 'Engine panel',
    hint: 'close',
  },
  { command: 'why', keys: ['w'], text: 'go to the why panel', section: 'Engine panel' },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Engine panel' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Engine panel' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Engine panel' },
]);

export const outputKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next line', section: 'Output panel', hint: 'move' },
  { command: 'up', keys: ['k', 'up'], text: 'previous line', section: 'Output panel' },
  { command: 'half-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Output panel' },
  { command: 'half-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Output panel' },
  { command: 'first', keys: ['g', 'home'], text: 'first line kept', section: 'Output panel', hint: 'first' },
  { command: 'last', keys: ['G', 'end'], text: 'follow the end', section: 'Output panel', hint: 'follow' },
  {
    command: 'dismiss',
    keys: ['escape', 'q', 'O'],
    text: 'close the panel',
    section: 'Output panel',
    hint: 'close',
  },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Output panel' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Output panel' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Output panel' },
]);

export const sourceKeys = bind([
  { command: 'down', keys: ['j', 'down'], text: 'next line', section: 'Source panel', hint: 'move' },
  { command: 'up', keys: ['k', 'up'], text: 'previous line', section: 'Source panel' },
  { command: 'half-down', keys: ['ctrl+d', 'pagedown'], text: 'half a page down', section: 'Source panel' },
  { command: 'half-up', keys: ['ctrl+u', 'pageup'], text: 'half a page up', section: 'Source panel' },
  { command: 'first', keys: ['g', 'home'], text: 'first line', section: 'Source panel' },
  { command: 'last', keys: ['G', 'end'], text: 'last line', section: 'Source panel' },
  {
    command: 'hotter',
    keys: ['H'],
    text: 'next hottest line',
    section: 'Source panel',
    hint: 'next hottest',
  },
  {
    command: 'form',
    keys: ['a'],
    text: 'source, instructions',
    section: 'Source panel',
    hint: 'instructions',
  },
  { command: 'again', keys: ['r'], text: 'take the weights anew', section: 'Source panel', hint: 'anew' },
  {
    command: 'copy',
    keys: ['y'],
    text: 'copy the cure, or the place',
    section: 'Source panel',
    hint: 'copy',
  },
  {
    command: 'dismiss',
    keys: ['escape', 'q'],
    text: 'close the panel',
    section: 'Source panel',
    hint: 'close',
  },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Source panel' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Source panel' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Source panel' },
]);

/** What is typed narrows the list of commands, so only other keys command. */
export const paletteKeys = bind([
  { command: 'run', keys: ['enter'], text: 'run it', section: 'Palette', hint: 'run' },
  { command: 'down', keys: ['down', 'ctrl+n'], text: 'next command', section: 'Palette', hint: 'choose' },
  { command: 'up', keys: ['up', 'ctrl+p'], text: 'previous command', section: 'Palette' },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Palette' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Palette' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Palette' },
  { command: 'dismiss', keys: ['escape'], text: 'close the palette', section: 'Palette', hint: 'close' },
]);

/** In the picker letters narrow the list, so only other keys command. */
export const pickerKeys = bind([
  { command: 'pick', keys: ['enter'], text: 'show it live', section: 'Picker', hint: 'pick' },
  { command: 'down', keys: ['down', 'ctrl+n'], text: 'next process', section: 'Picker', hint: 'choose' },
  { command: 'up', keys: ['up', 'ctrl+p'], text: 'previous process', section: 'Picker' },
  { command: 'half-down', keys: ['pagedown', 'ctrl+d'], text: 'half a page down', section: 'Picker' },
  { command: 'half-up', keys: ['pageup'], text: 'half a page up', section: 'Picker' },
  { command: 'first', keys: ['home'], text: 'first process', section: 'Picker' },
  { command: 'last', keys: ['end'], text: 'last process', section: 'Picker' },
  { command: 'copy-cure', keys: ['ctrl+y'], text: 'copy the cure', section: 'Picker', hint: 'copy the cure' },
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Picker' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Picker' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Picker' },
  {
    command: 'leave',
    keys: ['escape'],
    text: 'clear the filter, then quit',
    section: 'Picker',
    hint: 'clear, quit',
  },
]);

export type TreeCommand = (typeof treeKeys)[number]['command'];
export type TransformCommand = (typeof transformKeys)[number]['command'];
export type FlameCommand = (typeof flameKeys)[number]['command'];
export type FunctionCommand = (typeof functionKeys)[number]['command'];
export type ThreadCommand = (typeof threadKeys)[number]['command'];
export type WhyCommand = (typeof whyKeys)[number]['command'];
export type EngineCommand = (typeof engineKeys)[number]['command'];
export type OutputCommand = (typeof outputKeys)[number]['command'];
export type SourceCommand = (typeof sourceKeys)[number]['command'];
export type PaletteCommand = (typeof paletteKeys)[number]['command'];
export type PickerCommand = (typeof pickerKeys)[number]['command'];

/** Every list of keys, in the order in which help and README show them. */
export const keyLists = {
  tree: treeKeys,
  flame: flameKeys,
  functions: functionKeys,
  threads: threadKeys,
  engine: engineKeys,
  why: whyKeys,
  output: outputKeys,
  source: sourceKeys,
  palette: paletteKeys,
  picker: pickerKeys,
} as const satisfies Record<string, readonly Binding<string>[]>;

export type ListName = keyof typeof keyLists;
type Lists = Readonly<Record<ListName, readonly Binding<string>[]>>;

/** As declared, or as the config file changes them: set once, before the first screen. */
let inForce: Lists = keyLists;
let indexes = indexLists(inForce);

/** Puts the lists of a config file in force. They have the declared commands, each with a key. */
export function setKeys(lists: Lists): void {
  inForce = lists;
  indexes = indexLists(lists);
}

function indexLists(lists: Lists): Readonly<Record<ListName, ReadonlyMap<string, string>>> {
  const byKey = (list: readonly Binding<string>[]) =>
    new Map(list.flatMap((binding) => binding.keys.map((key) => [key, binding.command] as const)));
  return Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, byKey(list)]),
  ) as unknown as Record<ListName, ReadonlyMap<string, string>>;
}

export function treeCommand(key: string): TreeCommand | undefined {
  return indexes.tree.get(key) as TreeCommand | undefined;
}

export function flameCommand(key: string): FlameCommand | undefined {
  return indexes.flame.get(key) as FlameCommand | undefined;
}

export function functionCommand(key: string): FunctionCommand | undefined {
  return indexes.functions.get(key) as FunctionCommand | undefined;
}

export function threadCommand(key: string): ThreadCommand | undefined {
  return indexes.threads.get(key) as ThreadCommand | undefined;
}

export function whyCommand(key: string): WhyCommand | undefined {
  return indexes.why.get(key) as WhyCommand | undefined;
}

export function engineCommand(key: string): EngineCommand | undefined {
  return indexes.engine.get(key) as EngineCommand | undefined;
}

export function outputCommand(key: string): OutputCommand | undefined {
  return indexes.output.get(key) as OutputCommand | undefined;
}

export function sourceCommand(key: string): SourceCommand | undefined {
  return indexes.source.get(key) as SourceCommand | undefined;
}

export function paletteCommand(key: string): PaletteCommand | undefined {
  return indexes.palette.get(key) as PaletteCommand | undefined;
}

export function pickerCommand(key: string): PickerCommand | undefined {
  return indexes.picker.get(key) as PickerCommand | undefined;
}

export interface KeyLine {
  readonly section: string;
  readonly keys: string;
  readonly text: string;
}

/** Every key of every mode as one line of words, in the order of declaration. */
export function keyLines(glyphs: Glyphs): readonly KeyLine[] {
  return Object.values(inForce)
    .flat()
    .map((binding) => ({
      section: binding.section,
      keys: binding.keys.map((key) => keyLabel(key, glyphs)).join(' '),
      text: binding.text,
    }));
}

/** Views with keys of their own have a list of their name. */
const viewLists = ['flame', 'functions', 'threads'] as const satisfies readonly ViewName[];

const panelNames: readonly string[] = [
  'why',
  'engine',
  'output',
  'source',
  'palette',
  'picker',
] satisfies readonly PanelName[];

function isPanel(mode: KeyMode): mode is PanelName {
  return panelNames.includes(mode);
}

/** What can be done in a view, its own commands first: what the palette offers. */
export function viewBindings(view: ViewName): readonly Binding<string>[] {
  return bindingsOf(view);
}

/** A list has nothing to open. Keys of a view of its own hide the same keys of the tree. */
function bindingsOf(mode: KeyMode): readonly Binding<string>[] {
  if (isPanel(mode)) return inForce[mode];
  const own = viewLists.flatMap((list) => (list === mode ? inForce[list] : []));
  const taken = new Set(own.flatMap((binding) => binding.keys));
  const isFlat = mode === 'functions' || mode === 'threads';
  const shared = inForce.tree.filter(
    ({ keys, section, command }) =>
      !keys.some((key) => taken.has(key)) && !(isFlat && section === 'Tree' && command !== 'back'),
  );
  return [...own, ...shared];
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
