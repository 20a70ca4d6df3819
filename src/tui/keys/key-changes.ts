/** Keys that the user's config file gives to commands: what may be changed, and how. Pure. */
import { cellWidth } from '../text.ts';
import { type KeyLists, keyLists, type ListName } from './keymap.ts';

export interface KeyChange {
  readonly list: ListName;
  readonly command: string;
  readonly keys: readonly string[];
}

export const listNames = Object.keys(keyLists) as readonly ListName[];

/** Keys with a name, as the input parser gives them. */
const namedKeys: ReadonlySet<string> = new Set([
  ...['up', 'down', 'left', 'right', 'home', 'end', 'pageup', 'pagedown', 'enter', 'escape', 'backspace'],
  ...['tab', 'shift+tab', 'space', 'f1'],
]);
/** What is typed there is text. */
const typedInto: readonly ListName[] = ['palette', 'picker', 'prompt', 'everywhere'];

/** @returns the lists with one change, or what is wrong with it */
export function changeKeys(
  lists: KeyLists,
  { list, command, keys }: KeyChange,
): KeyLists | { readonly error: string } {
  const binding = lists[list].find((each) => each.command === command);
  if (binding === undefined) return { error: `no such command; one of ${commandsOf(list)}` };
  if (keys.length === 0) return { error: 'a command needs a key' };
  for (const key of keys) {
    if (!isKey(key))
      return { error: `"${key}" is no key: a letter, ctrl+a to ctrl+z, or ${[...namedKeys].join(', ')}` };
    if (key === 'ctrl+c' && !(list === 'everywhere' && command === 'quit'))
      return { error: 'ctrl+c always quits' };
    if (typedInto.includes(list) && cellWidth(key) === 1) return { error: `"${key}" is text here` };
  }
  const changed = lists[list].map((each) => (each === binding ? { ...binding, keys } : each));
  return { ...lists, [list]: changed };
}

/** A command by its list and its own name. */
export interface KeyOwner {
  readonly list: ListName;
  readonly command: string;
}

/** @returns the first key of two commands that are valid at the same time */
export function keyInTwoPlaces(
  lists: KeyLists,
): { readonly key: string; readonly owners: readonly [KeyOwner, KeyOwner] } | undefined {
  for (const name of listNames) {
    const owners = new Map<string, KeyOwner>();
    for (const list of new Set<ListName>(['everywhere', name])) {
      for (const { command, keys } of lists[list]) {
        for (const key of keys) {
          const other = owners.get(key);
          if (other !== undefined) return { key, owners: [other, { list, command }] };
          owners.set(key, { list, command });
        }
      }
    }
  }
  return undefined;
}

function commandsOf(list: ListName): string {
  return keyLists[list].map(({ command }) => command).join(', ');
}

function isKey(key: string): boolean {
  if (namedKeys.has(key) || /^ctrl\+[a-z]$/.test(key)) return true;
  return Array.from(key).length === 1 && key !== ' ' && !/\p{Cc}/u.test(key);
}
