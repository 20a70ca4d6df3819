/**
 * Every key, once: keys, command, words and section. The dispatcher, the help screen, the footer, the palette and the
 * key table of the README are all made from these lists.
 */
import type { Binding } from './binding.ts';
import { everywhereKeys, helpKeys, paletteKeys, pickerKeys, promptKeys } from './input-keys.ts';
import { engineKeys, outputKeys, sourceKeys, whyKeys } from './panel-keys.ts';
import { treeKeys } from './tree-keys.ts';
import { flameKeys, functionKeys, threadKeys } from './view-keys.ts';

/** In the order in which help and README show them. */
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
  prompt: promptKeys,
  help: helpKeys,
  everywhere: everywhereKeys,
} as const satisfies Record<string, readonly Binding<string>[]>;

export type ListName = keyof typeof keyLists;
export type KeyLists = Readonly<Record<ListName, readonly Binding<string>[]>>;
export type CommandOf<List extends ListName> = (typeof keyLists)[List][number]['command'];

/** As declared, or as the config file changes them: set once, before the first screen. */
let inForce: KeyLists = keyLists;
let indexes = indexLists(inForce);

/** Puts the lists of a config file in force. They have the declared commands, each with a key. */
export function setKeys(lists: KeyLists): void {
  inForce = lists;
  indexes = indexLists(lists);
}

export function keysInForce(): KeyLists {
  return inForce;
}

/** What a key means where a list is valid; undefined when it means nothing there. */
export function commandOf<List extends ListName>(list: List, key: string): CommandOf<List> | undefined {
  return indexes[list].get(key) as CommandOf<List> | undefined;
}

/** What a key means on every screen. A terminal that sends ^C must always find a way out. */
export function commandEverywhere(key: string): CommandOf<'everywhere'> | undefined {
  return key === 'ctrl+c' ? 'quit' : commandOf('everywhere', key);
}

function indexLists(lists: KeyLists): Readonly<Record<ListName, ReadonlyMap<string, string>>> {
  const byKey = (list: readonly Binding<string>[]) =>
    new Map(list.flatMap((binding) => binding.keys.map((key) => [key, binding.command] as const)));
  return Object.fromEntries(
    Object.entries(lists).map(([name, list]) => [name, byKey(list)]),
  ) as unknown as Record<ListName, ReadonlyMap<string, string>>;
}
