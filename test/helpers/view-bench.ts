/**
 * A view over a profile of known shape, driven by keys, without a terminal; a frame is prepared after each key, as on a
 * screen of 20 lines.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { routeInput } from '../../src/tui/input-router.ts';
import { LiveView, type ViewHost } from '../../src/tui/live-view.ts';
import { createRegions } from '../../src/tui/regions.ts';
import { createTheme } from '../../src/tui/theme.ts';
import { type StackLine, SyntheticSession, serverStacks } from './synthetic-session.ts';

const host: ViewHost = { quit() {}, suspend() {}, redraw() {}, paint() {}, copy() {} };

export class ViewBench {
  readonly session = new SyntheticSession();
  readonly view: LiveView;

  /** @param now a clock of its own, in ms, for time that does not pass by itself */
  constructor(stacks: readonly StackLine[] = serverStacks, now?: () => number) {
    this.session.feeder.add(stacks);
    const theme = createTheme({ ascii: false, color: false });
    this.view = new LiveView(this.session, theme, { columns: 100, rows: 30 }, host, now);
    this.view.prepareBody(20);
  }

  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      routeInput(this.view, { type: 'key', key }, () => {});
      for (let i = 0; i < 4; i++) await turn();
      this.view.prepareBody(20);
    }
  }

  get where(): string {
    const { state, tree } = this.view;
    return `${state.structure.view}: ${tree.functionOf(state.selected).name}`;
  }

  /** In whatever view, to the function of this name. */
  async find(name: string): Promise<void> {
    await this.press('/', ...`^${name}$`, 'enter', 'escape');
  }

  /** The lines above the rows. */
  get head(): string {
    const regions = createRegions(this.view);
    regions.prepare(20);
    return Array.from({ length: 6 }, (_, line) => regions.head.row(line, 99, 6)).join('\n');
  }

  /** Weighty nodes of the tree on the screen as `name total self`, in samples, the root first. */
  get tree(): readonly string[] {
    const { tree } = this.view;
    const lines: string[] = [];
    for (let node = 0; node < tree.nodeCount; node++) {
      if (tree.totalNs(node) <= 0) continue;
      lines.push(`${tree.functionOf(node).name} ${tree.samplesOf(node)} ${tree.selfSamplesOf(node)}`);
    }
    return lines;
  }
}
