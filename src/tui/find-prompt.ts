/** What each key does in the prompt of the search. Text that is typed or pasted there never runs a command. */
import { type CommandOf, commandOf } from './keys/keymap.ts';
import { editText, withoutWord } from './line-edit.ts';
import type { LiveView } from './live-view.ts';
import { goToFirstMatch } from './tree-commands.ts';

export function openFindPrompt(view: LiveView): void {
  view.finds.begin();
  typeInFind(view, '');
}

export function keyInFind(view: LiveView, key: string): void {
  const { prompt } = view.state;
  const command = commandOf('prompt', key);
  const edited = command === undefined ? editText(prompt, key) : undefined;
  if (command !== undefined) commands[command](view, prompt);
  else if (edited !== undefined) typeInFind(view, edited);
  else if (key === 'backspace') close(view);
}

export function typeInFind(view: LiveView, text: string): void {
  view.dispatch({ type: 'prompt', text });
}

const commands: Readonly<Record<CommandOf<'prompt'>, (view: LiveView, prompt: string) => void>> = {
  accept,
  cancel: close,
  earlier: (view, prompt) => typeInFind(view, view.finds.earlier(prompt)),
  later: (view, prompt) => typeInFind(view, view.finds.later(prompt)),
  'clear-word': (view, prompt) => typeInFind(view, withoutWord(prompt)),
  'clear-line': (view) => typeInFind(view, ''),
};

function accept(view: LiveView, prompt: string): void {
  close(view);
  view.finds.keep(prompt);
  view.dispatch({ type: 'find', query: prompt === '' ? undefined : { text: prompt, isExact: false } });
  if (prompt === '') return;
  view.whenFound(({ totals }) => {
    if (totals.count === 0) view.toast(`no name matches ${prompt}`);
    else goToFirstMatch(view);
  });
}

function close(view: LiveView): void {
  view.dispatch({ type: 'prompt', text: undefined });
}
