/** A key in a view: the view's own keys first, then those that all views have. */
import { runFlameCommand } from './flame-commands.ts';
import { runFunctionCommand } from './function-commands.ts';
import { flameCommand, functionCommand, threadCommand, treeCommand } from './keymap.ts';
import type { LiveView } from './live-view.ts';
import { runThreadCommand } from './thread-commands.ts';
import { runTreeCommand } from './tree-commands.ts';
import type { ViewName } from './views.ts';

/** Each says whether the key was one of its own. */
const ownKeys: Readonly<Partial<Record<ViewName, (view: LiveView, key: string) => boolean>>> = {
  flame: (view, key) => run(view, flameCommand(key), runFlameCommand),
  functions: (view, key) => run(view, functionCommand(key), runFunctionCommand),
  threads: (view, key) => run(view, threadCommand(key), runThreadCommand),
};

export function runViewKey(view: LiveView, key: string): void {
  const isOwn = ownKeys[view.state.structure.view]?.(view, key) ?? false;
  if (!isOwn) run(view, treeCommand(key), runTreeCommand);
  // The next key of the same burst must find the rows this one made.
  view.prepareBody();
}

function run<Command>(
  view: LiveView,
  command: Command | undefined,
  act: (view: LiveView, command: Command) => void,
): boolean {
  if (command !== undefined) act(view, command);
  return command !== undefined;
}
