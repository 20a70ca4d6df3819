/**
 * Where an input event goes: into the find prompt, the open popup or the tree. Keys are looked up in the key map;
 * text that is typed or pasted into an input never runs a command.
 */
import { runEngineCommand } from './engine-commands.ts';
import { keyInExport } from './file-commands.ts';
import { helpLineCount } from './help-lines.ts';
import { engineCommand, type OutputCommand, outputCommand, type WhyCommand, whyCommand } from './keymap.ts';
import { editText, pasteText } from './line-edit.ts';
import type { LiveView } from './live-view.ts';
import { scrollOutput } from './output-regions.ts';
import { keyInPalette, narrowPalette } from './palette-commands.ts';
import type { InputEvent } from './screen/input.ts';
import { keyInSource } from './source-commands.ts';
import type { Popup } from './state.ts';
import { goToFirstMatch } from './tree-commands.ts';
import { runViewKey } from './view-keys.ts';

/** @param onMouse what lies under the mouse is known to the painter only */
export function routeInput(
  view: LiveView,
  event: InputEvent,
  onMouse: (event: InputEvent & { type: 'mouse' }) => void,
): void {
  const { popup } = view.state.structure;
  if (event.type === 'mouse') {
    if (popup?.kind === 'help')
      scrollHelp(view, popup, event.action === 'wheel-up' ? -3 : event.action === 'press' ? 0 : 3);
    else onMouse(event);
  } else if (event.type === 'paste') {
    paste(view, event.text);
  } else {
    routeKey(view, event.key);
  }
  view.touched();
}

function routeKey(view: LiveView, key: string): void {
  const { popup, isFinding } = view.state.structure;
  if (key === 'ctrl+c') view.host.quit();
  else if (isFinding) keyInPrompt(view, key);
  else if (popup?.kind === 'help') keyInHelp(view, popup, key);
  else if (popup?.kind === 'why') keyInWhy(view, popup, key);
  else if (popup?.kind === 'engine') keyInEngine(view, popup, key);
  else if (popup?.kind === 'source') keyInSource(view, key);
  else if (popup?.kind === 'palette') keyInPalette(view, popup, key);
  else if (popup?.kind === 'output') keyInOutput(view, key);
  else if (popup?.kind === 'export') keyInExport(view, popup.path, key, editText(popup.path, key));
  else runViewKey(view, key);
}

function paste(view: LiveView, text: string): void {
  const { popup, isFinding } = view.state.structure;
  if (isFinding) type(view, pasteText(view.state.prompt, text));
  else if (popup?.kind === 'help')
    showHelp(view, { ...popup, filter: pasteText(popup.filter, text), scroll: 0 });
  else if (popup?.kind === 'palette') narrowPalette(view, pasteText(popup.filter, text));
  else if (popup?.kind === 'export') keyInExport(view, popup.path, '', pasteText(popup.path, text));
}

function keyInPrompt(view: LiveView, key: string): void {
  const { prompt } = view.state;
  const edited = editText(prompt, key);
  if (edited !== undefined) type(view, edited);
  else if (key === 'escape' || key === 'backspace') closePrompt(view);
  else if (key === 'enter') acceptPrompt(view, prompt);
}

function acceptPrompt(view: LiveView, prompt: string): void {
  closePrompt(view);
  view.dispatch({ type: 'find', query: prompt === '' ? undefined : { text: prompt, isExact: false } });
  if (prompt === '') return;
  if (view.found()?.nodes.size === 0) view.toast(`no name matches ${prompt}`);
  else goToFirstMatch(view);
}

function type(view: LiveView, text: string): void {
  view.dispatch({ type: 'prompt', text });
}

function closePrompt(view: LiveView): void {
  view.dispatch({ type: 'prompt', text: undefined });
}

type HelpPopup = Popup & { kind: 'help' };

function keyInHelp(view: LiveView, popup: HelpPopup, key: string): void {
  const page = Math.max(1, view.state.structure.size.rows - 4);
  const scrolls: Readonly<Record<string, number>> = {
    down: 1,
    up: -1,
    pagedown: page,
    pageup: -page,
    'ctrl+d': page,
    'ctrl+u': -page,
    end: Number.MAX_SAFE_INTEGER,
    home: -Number.MAX_SAFE_INTEGER,
  };
  const rows = scrolls[key];
  const isClosing = key === 'escape' || key === 'f1' || key === '?';
  const filter = isClosing ? undefined : editText(popup.filter, key);
  if (rows !== undefined) scrollHelp(view, popup, rows);
  else if (filter !== undefined) showHelp(view, { ...popup, filter, scroll: 0 });
  else if (key === 'ctrl+l') view.host.redraw();
  else if (key === 'ctrl+z') view.host.suspend();
  else if (isClosing || key === 'backspace') view.dispatch({ type: 'popup', popup: undefined });
}

function scrollHelp(view: LiveView, popup: HelpPopup, rows: number): void {
  const { size } = view.state.structure;
  const last = Math.max(0, helpLineCount(view.theme.glyphs, popup.filter, size) - Math.max(1, size.rows - 1));
  showHelp(view, { ...popup, scroll: Math.max(0, Math.min(last, popup.scroll + rows)) });
}

function showHelp(view: LiveView, popup: HelpPopup): void {
  view.dispatch({ type: 'popup', popup });
}

function keyInEngine(view: LiveView, popup: Popup & { kind: 'engine' }, key: string): void {
  const command = engineCommand(key);
  if (command !== undefined) runEngineCommand(view, popup, command);
}

type WhyPopup = Popup & { kind: 'why' };

function keyInWhy(view: LiveView, popup: WhyPopup, key: string): void {
  const command = whyCommand(key);
  if (command !== undefined) whyCommands[command](view, popup);
}

const whyCommands: Readonly<Record<WhyCommand, (view: LiveView, popup: WhyPopup) => void>> = {
  down: (view, popup) => chooseGate(view, popup, 1),
  up: (view, popup) => chooseGate(view, popup, -1),
  'copy-cure': copyCure,
  probe: (view, popup) => {
    if (view.status.state === 'recorded') {
      view.toast('recorded: the gates are those of then');
      return;
    }
    view.session.probeAgain();
    view.dispatch({ type: 'popup', popup: { ...popup, status: view.status } });
    view.toast('every gate tried again');
  },
  dismiss: (view) => view.dispatch({ type: 'popup', popup: undefined }),
  redraw: (view) => view.host.redraw(),
  suspend: (view) => view.host.suspend(),
  quit: (view) => view.host.quit(),
};

function chooseGate(view: LiveView, popup: WhyPopup, step: 1 | -1): void {
  const last = Math.max(0, popup.status.gates.length - 1);
  const gate = Math.max(0, Math.min(last, popup.gate + step));
  if (gate !== popup.gate) view.dispatch({ type: 'popup', popup: { ...popup, gate } });
}

function copyCure(view: LiveView, popup: WhyPopup): void {
  const cure = popup.status.gates[popup.gate]?.cure;
  if (cure === undefined) view.toast('this gate needs no cure');
  else view.copy(cure, 'cure');
}

function keyInOutput(view: LiveView, key: string): void {
  const command = outputCommand(key);
  if (command !== undefined) outputCommands[command](view);
}

const halfPage = (view: LiveView): number => Math.max(1, Math.floor(view.outputHeight / 2));

const outputCommands: Readonly<Record<OutputCommand, (view: LiveView) => void>> = {
  down: (view) => scrollOutput(view, 1),
  up: (view) => scrollOutput(view, -1),
  'half-down': (view) => scrollOutput(view, halfPage(view)),
  'half-up': (view) => scrollOutput(view, -halfPage(view)),
  first: (view) => scrollOutput(view, -Number.MAX_SAFE_INTEGER),
  last: (view) => view.dispatch({ type: 'output-top', top: undefined }),
  dismiss: (view) => view.dispatch({ type: 'popup', popup: undefined }),
  redraw: (view) => view.host.redraw(),
  suspend: (view) => view.host.suspend(),
  quit: (view) => view.host.quit(),
};
