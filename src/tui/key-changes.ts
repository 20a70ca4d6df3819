/** Keys that the user's config file gives to commands: what may be changed, and how. Pure. */
import { type Binding, keyLists, type ListName } from './keymap.ts';
import { cellWidth } from './text.ts';

export interface KeyChange {
  readonly list: ListName;
  readonly command: string;
  readonly keys: readonly string[];
}

export type KeyLists = Readonly<Record<ListName, readonly Binding<string>[]>>;

export const listNames = Object.keys(keyLists) as readonly ListName[];

/** Keys with a name, as the input parser gives them. */
const namedKeys: ReadonlySet<string> = new Set([
  ...['up', 'down', 'left', 'right', 'home', 'end', 'pageup', 'pagedown', 'enter', 'escape', 'backspace'],
  ...['tab', 'shift+tab', 'space', 'f1'],
]);
/** What is typed there is text. */
const typedInto: readonly ListName[] = ['palette', 'picker'];

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
    if (key === 'ctrl+c' && command !== 'quit') return { error: 'ctrl+c always quits' };
    if (typedInto.includes(list) && cellWidth(key) === 1) return { error: `"${key}" is text here` };
  }
  const changed = lists[list].map((each) => (each === binding ? { ...binding, keys } : each));
  return { ...lists, [list]: changed };
}

/** @returns the first key that two commands of a list have */
export function keyInTwoPlaces(
  lists: KeyLists,
):
  | { readonly list: ListName; readonly key: string; readonly commands: readonly [string, string] }
  | undefined {
  for (const list of listNames) {
    const owners = new Map<string, string>();
    for (const { command, keys } of lists[list]) {
      for (const key of keys) {
        const other = owners.get(key);
        if (other !== undefined) return { list, key, commands: [other, command] };
        owners.set(key, command);
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
