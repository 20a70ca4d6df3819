/** What each key of the source panel does. */
import { ROOT } from '../profile/call-tree.ts';
import { type CommandOf, commandOf } from './keys/keymap.ts';
import type { LiveView } from './live-view.ts';
import { placeText } from './source-regions.ts';
import { baseOf } from './state.ts';
import { cursorOf } from './views.ts';

/** Opens the panel on the function under the cursor. */
export function openSource(view: LiveView): void {
  const { selected } = view.state;
  const func = view.tree.functionOf(selected);
  if (selected === ROOT || view.model === 'threads' || func.kind === 'marked' || func.kind === 'root') {
    view.toast('this row is no function: choose one to see its lines');
    return;
  }
  if (!view.source.isOfNow) {
    view.toast('the paused view is of another unit: space resumes');
    return;
  }
  // What counts is what the view shows: its threads, its time, what is zoomed into and what transforms leave.
  view.listing.open(func, () => view.source.scopeOf(baseOf(cursorOf(view.state, 'calls'))));
  view.dispatch({ type: 'popup', popup: { kind: 'source' } });
}

export function keyInSource(view: LiveView, key: string): void {
  const command = commandOf('source', key);
  if (command !== undefined) commands[command](view);
}

const halfPage = (view: LiveView): number => Math.max(1, Math.floor(view.listing.height / 2));

const commands: Readonly<Record<CommandOf<'source'>, (view: LiveView) => void>> = {
  down: (view) => view.listing.move(1),
  up: (view) => view.listing.move(-1),
  'half-down': (view) => view.listing.move(halfPage(view)),
  'half-up': (view) => view.listing.move(-halfPage(view)),
  first: (view) => view.listing.move(-Number.MAX_SAFE_INTEGER),
  last: (view) => view.listing.move(Number.MAX_SAFE_INTEGER),
  hotter: (view) => {
    const found = view.listing.nextHottest();
    view.toast(found === undefined ? 'no line has any weight' : placeText(found));
  },
  form: (view) => view.listing.again(view.listing.wants === 'source' ? 'assembly' : 'source'),
  again: (view) => view.listing.again(),
  copy: copyPlace,
  dismiss: (view) => {
    view.listing.close();
    view.dispatch({ type: 'popup', popup: undefined });
  },
};

/** The cure where something is missing, else the place of the line under the cursor. */
function copyPlace(view: LiveView): void {
  const { listing, rows, selected } = view.listing;
  const cure = listing?.missing?.cure;
  const row = rows[selected];
  if (cure !== undefined) view.copy(cure, 'cure');
  else if (row?.kind === 'title') view.copy(row.text, 'place');
  else if (row !== undefined) view.copy(`${row.block.split('   ')[0]}:${row.line.label}`, 'place');
  else view.toast('there is no line to copy');
}
