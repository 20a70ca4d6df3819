/** A key in a view: the view's own keys first, then those that all views have. */
import { runFlameCommand } from './flame-commands.ts';
import { runFunctionCommand } from './function-commands.ts';
import { commandEverywhere, commandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import { runThreadCommand } from './thread-commands.ts';
import { runTreeCommand } from './tree-commands.ts';
import type { ViewName } from './views.ts';

/** Each says whether the key was one of its own. */
const ownKeys: Readonly<Partial<Record<ViewName, (view: LiveView, key: string) => boolean>>> = {
  flame: (view, key) => run(view, commandOf('flame', key), runFlameCommand),
  functions: (view, key) => run(view, commandOf('functions', key), runFunctionCommand),
  threads: (view, key) => run(view, commandOf('threads', key), runThreadCommand),
};

export function runViewKey(view: LiveView, key: string): void {
  if (runEverywhere(view, key)) return;
  const isOwn = ownKeys[view.state.structure.view]?.(view, key) ?? false;
  if (!isOwn) run(view, commandOf('tree', key), runTreeCommand);
  // The next key of the same burst must find the rows this one made.
  view.prepareBody();
}

/** @returns false when the key is none of those that mean the same on every screen */
export function runEverywhere({ host }: LiveView, key: string): boolean {
  const command = commandEverywhere(key);
  if (command !== undefined) host[command]();
  return command !== undefined;
}

function run<Command>(
  view: LiveView,
  command: Command | undefined,
  act: (view: LiveView, command: Command) => void,
): boolean {
  if (command !== undefined) act(view, command);
  return command !== undefined;
}
