/**
 * Where an input event goes: into the find prompt, the open popup or the view. Text that is typed or pasted into an
 * input never runs a command.
 */
import { keyInEngine } from './engine-commands.ts';
import { keyInExport, typeInExport } from './file-commands.ts';
import { keyInFind, typeInFind } from './find-prompt.ts';
import { keyInHelp, narrowHelp, scrollHelp } from './help-commands.ts';
import { pasteText } from './line-edit.ts';
import type { LiveView } from './live-view.ts';
import { keyInOutput } from './output-commands.ts';
import { keyInPalette, narrowPalette } from './palette-commands.ts';
import type { InputEvent } from './screen/input.ts';
import { keyInSource } from './source-commands.ts';
import type { Popup } from './state.ts';
import { runEverywhere, runViewKey } from './view-keys.ts';
import { keyInWhy } from './why-commands.ts';

/** @param onMouse what lies under the mouse is known to the painter only */
export function routeInput(
  view: LiveView,
  event: InputEvent,
  onMouse: (event: InputEvent & { type: 'mouse' }) => void,
): void {
  const { popup } = view.state.structure;
  if (event.type === 'mouse') {
    if (popup?.kind !== 'help') onMouse(event);
    else if (event.action === 'wheel-up') scrollHelp(view, popup, -3);
    else if (event.action === 'wheel-down') scrollHelp(view, popup, 3);
  } else if (event.type === 'paste') {
    paste(view, event.text);
  } else {
    routeKey(view, event.key);
  }
  view.touched();
}

function routeKey(view: LiveView, key: string): void {
  const { popup, isFinding } = view.state.structure;
  if (runEverywhere(view, key)) return;
  if (isFinding) keyInFind(view, key);
  else if (popup !== undefined) keyInPopup(view, popup, key);
  else runViewKey(view, key);
}

function keyInPopup(view: LiveView, popup: Popup, key: string): void {
  if (popup.kind === 'help') keyInHelp(view, popup, key);
  else if (popup.kind === 'why') keyInWhy(view, popup, key);
  else if (popup.kind === 'engine') keyInEngine(view, popup, key);
  else if (popup.kind === 'source') keyInSource(view, key);
  else if (popup.kind === 'palette') keyInPalette(view, popup, key);
  else if (popup.kind === 'output') keyInOutput(view, key);
  else keyInExport(view, popup.path, key);
}

function paste(view: LiveView, text: string): void {
  const { popup, isFinding } = view.state.structure;
  if (isFinding) typeInFind(view, pasteText(view.state.prompt, text));
  else if (popup?.kind === 'help') narrowHelp(view, pasteText(popup.filter, text));
  else if (popup?.kind === 'palette') narrowPalette(view, pasteText(popup.filter, text));
  else if (popup?.kind === 'export') typeInExport(view, pasteText(popup.path, text));
}
