/** The flame view, drawn from the live view; its root stands above or, flipped, below. */
import { baselineOf } from '../profile/difference.ts';
import { runFlameCommand } from './flame-commands.ts';
import { type FlameContext, flameHead, flameLine } from './flame-rows.ts';
import type { LiveView } from './live-view.ts';
import type { ViewBody } from './view-body.ts';

export function createFlameBody(view: LiveView): ViewBody {
  let context = flameContext(view);
  const depthOf = (line: number) => (view.state.isFlipped ? view.flame.space.height - 1 - line : line);
  return {
    prepare() {
      context = flameContext(view);
    },
    head: (width) =>
      flameHead(
        view.theme,
        view.flame.layout,
        view.state.isFlipped,
        width,
        baselineOf(view.tree) !== undefined,
      ),
    row: (line) => flameLine(context, view.flame.layout.rows[depthOf(line)] ?? []),
    mouse(action, line, x) {
      const frame = view.flame.frameAt(depthOf(line), x);
      if (action !== 'press') runFlameCommand(view, action === 'wheel-up' ? 'row-above' : 'row-below');
      // A block of gathered frames stands for the frame they are called from.
      if (action !== 'press' || frame === undefined) return;
      const isChosen = frame.node === view.state.selected;
      view.dispatch(isChosen ? { type: 'zoom', node: frame.node } : { type: 'select', node: frame.node });
    },
  };
}

function flameContext(view: LiveView): FlameContext {
  const { state, tree, theme } = view;
  const found = view.found();
  return {
    tree,
    theme,
    unit: state.unit,
    hasFullNames: state.hasFullNames,
    samples: view.source.samples,
    selected: state.selected,
    isMatch: (node) => found?.isMatch(node) ?? false,
  };
}
