/** Keys where letters are text: only others can command. */
import { bind } from './binding.ts';

/** What they do is the same on every screen and in every input. */
export const everywhereKeys = bind([
  { command: 'redraw', keys: ['ctrl+l'], text: 'draw the screen anew', section: 'Everywhere' },
  { command: 'suspend', keys: ['ctrl+z'], text: 'suspend (fg comes back)', section: 'Everywhere' },
  { command: 'quit', keys: ['ctrl+c'], text: 'quit', section: 'Everywhere' },
]);

/** The line of `/` and that of `x`. Backspace in an empty line leaves it, too. */
export const promptKeys = bind([
  { command: 'accept', keys: ['enter'], text: 'accept', section: 'Prompt' },
  { command: 'cancel', keys: ['escape'], text: 'cancel', section: 'Prompt' },
  { command: 'earlier', keys: ['up', 'ctrl+p'], text: 'what was typed before', section: 'Prompt' },
  { command: 'later', keys: ['down', 'ctrl+n'], text: 'what was typed after it', section: 'Prompt' },
  { command: 'clear-word', keys: ['ctrl+w'], text: 'delete a word', section: 'Prompt' },
  { command: 'clear-line', keys: ['ctrl+u'], text: 'delete the line', section: 'Prompt' },
]);

/** What is typed narrows the help to the keys it is about. */
export const helpKeys = bind([
  { command: 'down', keys: ['down'], text: 'scroll down', section: 'Help' },
  { command: 'up', keys: ['up'], text: 'scroll up', section: 'Help' },
  { command: 'page-down', keys: ['ctrl+d', 'pagedown'], text: 'a page down', section: 'Help' },
  { command: 'page-up', keys: ['ctrl+u', 'pageup'], text: 'a page up', section: 'Help' },
  { command: 'first', keys: ['home'], text: 'to the top', section: 'Help' },
  { command: 'last', keys: ['end'], text: 'to the end', section: 'Help' },
  { command: 'dismiss', keys: ['escape', '?', 'f1'], text: 'close the help', section: 'Help' },
]);

/** What is typed narrows the list of commands, so only other keys command. */
export const paletteKeys = bind([
  { command: 'run', keys: ['enter'], text: 'run it', section: 'Palette', hint: 'run' },
  { command: 'down', keys: ['down', 'ctrl+n'], text: 'next command', section: 'Palette', hint: 'choose' },
  { command: 'up', keys: ['up', 'ctrl+p'], text: 'previous command', section: 'Palette' },
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
  {
    command: 'leave',
    keys: ['escape'],
    text: 'clear the filter, then quit',
    section: 'Picker',
    hint: 'clear, quit',
  },
]);
