/**
 * Going from view to view on a profile of 100,000 stacks that grows meanwhile: from the key to the frame that shows
 * the whole view, and the longest time that no key could have been answered. In one process, without a terminal: what
 * is measured is the models, the layout and the rows.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { routeInput } from '../src/tui/input-router.ts';
import { LiveView, type ViewHost } from '../src/tui/live-view.ts';
import { createRegions } from '../src/tui/regions.ts';
import { baseOf } from '../src/tui/state.ts';
import { createTheme } from '../src/tui/theme.ts';
import { cursorOf, viewNames } from '../src/tui/views.ts';
import { type StackFeeder, type StackLine, SyntheticSession } from '../test/helpers/synthetic-session.ts';
import type { Figure } from './figure.ts';
import { quantile } from './spread.ts';

const stacks = 100_000;
const rounds = 6;
const transformRounds = 2;
const size = { columns: 200, rows: 60 };
const bodyRows = 50;
const tickMs = 100;
const beatMs = 2;
const transformKeys = {
  'focus on a function': 'f',
  'focus on a subtree': 'F',
  'merge a function': 'm',
  'merge a node': 'M',
  'collapse a function': 'c',
  'collapse a module': 'C',
  'fold recursion': 'R',
  'drop a function': 'd',
  'keep matches': '&',
  undo: 'U',
};

export const views: Figure = {
  name: 'views',
  machine: 'own',
  async *measure(scope) {
    const session = new SyntheticSession();
    fill(session.feeder);
    const screen = new Screen(session);
    const ticks = setInterval(() => {
      session.feeder.advance(tickMs * 1e6);
      session.feeder.add(walks(20));
      session.tick();
      screen.view.tick();
    }, tickMs);
    scope.after(() => clearInterval(ticks));
    scope.after(() => screen.view.close());
    await delay(1000);
    const holds = new Holds();
    const whole = new Map<string, Shown[]>(viewNames.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [at, name] of viewNames.entries()) {
        // Another zoom makes all sums anew: the dearest way to go to a view.
        screen.press('1', round % 2 === 0 ? 'escape' : 'j', round % 2 === 0 ? 'g' : 'enter');
        await delay(300);
        whole.get(name)?.push(await screen.show(String(at + 1)));
        await delay(200);
      }
    }
    const changed = new Map<string, Shown[]>(Object.keys(transformKeys).map((name) => [name, []]));
    for (let round = 0; round < transformRounds; round++) {
      for (const [name, key] of Object.entries(transformKeys)) {
        screen.press('1', 'escape', 'g', 'o', ...'kkkkkk');
        if (key === '&') screen.press('#');
        await delay(300);
        changed.get(name)?.push(await screen.show(key));
        await delay(200);
        changed.get('undo')?.push(await screen.show('U'));
        await delay(200);
      }
    }
    holds.stop();
    const nodes = session.profile.tree.nodeCount;
    for (const [name, shown] of whole)
      yield lineOf(`to the ${name} view, ${stacks} stacks, ${nodes} nodes`, shown);
    for (const [name, shown] of changed) yield lineOf(`transform: ${name}`, shown);
    yield {
      subject: 'longest time without an answer to a key meanwhile',
      must: '<= 16 ms',
      measured: holds.text,
      holds: holds.longestMs <= 16,
    };
  },
};

function lineOf(subject: string, shown: readonly Shown[]) {
  const times = shown.map(({ ms }) => ms);
  const cpu = quantile(
    shown.map(({ cpuMs }) => cpuMs),
    0.5,
  );
  return {
    subject,
    must: '<= 50 ms',
    measured: `median ${quantile(times, 0.5).toFixed(1)}, worst ${Math.max(...times).toFixed(1)} ms; median CPU ${cpu.toFixed(1)} ms`,
    holds: Math.max(...times) <= 50,
  };
}

/** From the key to the frame with the whole view; CPU is that of the process, ticks and collections in between too. */
interface Shown {
  readonly ms: number;
  readonly cpuMs: number;
}

/** A live view that is drawn when it asks for it, as the painter would. */
class Screen {
  readonly view: LiveView;
  readonly #regions: ReturnType<typeof createRegions>;
  #isAsked = false;

  constructor(session: SyntheticSession) {
    const host: ViewHost = {
      quit() {},
      suspend() {},
      redraw() {},
      copy() {},
      paint: () => this.#soon(),
    };
    this.view = new LiveView(session, createTheme({ ascii: false, color: true }), size, host);
    this.#regions = createRegions(this.view);
  }

  press(...keys: readonly string[]): void {
    for (const key of keys) routeInput(this.view, { type: 'key', key }, () => {});
  }

  async show(key: string): Promise<Shown> {
    const startMs = performance.now();
    const startCpu = process.cpuUsage();
    this.press(key);
    while (!this.#isWhole()) await new Promise((resolve) => setImmediate(resolve));
    this.#draw();
    const { user, system } = process.cpuUsage(startCpu);
    return { ms: performance.now() - startMs, cpuMs: (user + system) / 1000 };
  }

  #isWhole(): boolean {
    const { view } = this;
    if (view.source.isTransforming) return false;
    if (view.model !== 'callers' && view.model !== 'functions') return true;
    return view.models.isShowing(view.source.tree, baseOf(cursorOf(view.state, 'calls')));
  }

  #soon(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    queueMicrotask(() => {
      this.#isAsked = false;
      this.#draw();
    });
  }

  #draw(): void {
    this.#regions.prepare(bodyRows);
    for (let line = 0; line < bodyRows; line++) this.#regions.rows.row(line, size.columns - 1, bodyRows);
  }
}

/**
 * How long the event loop was held: how much later than every two milliseconds a timer comes. On a machine with other
 * work the CPU time spent meanwhile tells what was ours.
 */
class Holds {
  readonly #lateMs: number[] = [];
  readonly #cpuMs: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let lastMs = performance.now();
    let lastCpu = process.cpuUsage();
    this.#timer = setInterval(() => {
      const { user, system } = process.cpuUsage(lastCpu);
      const nowMs = performance.now();
      this.#lateMs.push(nowMs - lastMs - beatMs);
      this.#cpuMs.push((user + system) / 1000);
      lastMs = nowMs;
      lastCpu = process.cpuUsage();
    }, beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get longestMs(): number {
    return largest(this.#lateMs);
  }

  get text(): string {
    const over = this.#lateMs.filter((late) => late > 16).length;
    const cpu = `most CPU in one ${largest(this.#cpuMs).toFixed(1)} ms`;
    return `longest ${this.longestMs.toFixed(1)} ms, ${over} of ${this.#lateMs.length} beats over 16 ms; ${cpu}`;
  }
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

let seed = 11;
function random(below: number): number {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
}

/**
 * Stacks as a large program has them: 2,000 long ways through 4,000 functions, and short ends of their own. A hundred
 * thousand make some 300,000 nodes.
 */
function walks(count: number): StackLine[] {
  return Array.from({ length: count }, () => {
    const way = random(2000);
    const names: string[] = ['main', `loop_${way % 5}`, `task_${way % 40}`];
    for (let depth = 0; depth < 15; depth++) names.push(functionName(way >> Math.max(0, 8 - depth), depth));
    for (let depth = 0; depth < 3; depth++) names.push(functionName(random(4000), depth));
    return { stack: names, samples: 1, tid: 100 + random(8) };
  });
}

function functionName(at: number, depth: number): string {
  const id = (at * 31 + depth * 257) % 4000;
  return `module_${id % 17}!function_${id}`;
}

function fill(feeder: StackFeeder): void {
  for (let at = 0; at < stacks; at += 5000) feeder.add(walks(5000));
}
