/** What each key of the output panel does. */
import { type CommandOf, commandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import { scrollOutput } from './output-regions.ts';

export function keyInOutput(view: LiveView, key: string): void {
  const command = commandOf('output', key);
  if (command !== undefined) commands[command](view);
}

const halfPage = (view: LiveView): number => Math.max(1, Math.floor(view.outputHeight / 2));

const commands: Readonly<Record<CommandOf<'output'>, (view: LiveView) => void>> = {
  down: (view) => scrollOutput(view, 1),
  up: (view) => scrollOutput(view, -1),
  'half-down': (view) => scrollOutput(view, halfPage(view)),
  'half-up': (view) => scrollOutput(view, -halfPage(view)),
  first: (view) => scrollOutput(view, -Number.MAX_SAFE_INTEGER),
  last: (view) => view.dispatch({ type: 'output-top', top: undefined }),
  dismiss: (view) => view.dispatch({ type: 'popup', popup: undefined }),
};
