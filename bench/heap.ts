/**
 * What the live view keeps in an hour at 10 updates a second, on a clock of its own, after what is kept of the past has
 * filled up: with one thing done again and again, each round ending where it began. Then with stacks that are new and
 * threads that end: what each costs until the bounds of the tables are reached (docs/architecture.md).
 */
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { arrayPool } from '../src/profile/array-pool.ts';
import type { Figure, Row } from './figure.ts';
import { LargeSession } from './large-session.ts';
import { ViewDriver } from './view-driver.ts';

const updateMs = 100;
const hour = 36_000;
/** What is kept of the past, that is filled before anything is measured: seconds of an hour. */
const pastUpdates = 36_000;
/** Rounds before anything is measured: code is compiled, rows have been seen. */
const warmUpUpdates = 36_000;
const keysEvery = 25;
/** Noise of a collected heap: code that is compiled, shapes, feedback. */
const boundMiB = 0.5;

const start = ['1', 'g', 'W', 'g'];
const rounds: Readonly<Record<string, readonly string[]>> = {
  'no key': [],
  'all views': [
    ...['2', 'j', 'o', 'g', 'W', 'g', '3', 'j', 'j', '4', 'j', 'j', '5', 'j', '1', 'o', 'j', 'b', 'D', 'D'],
    ...['tab', 'tab', 'tab', 'tab', 'tab', ...start],
  ],
  'search, zoom, transforms undone, windows': [
    ...['/', '_', '7', 'enter', 'n', 'n', 'N', 'escape', 'g', 'o', 'z', 'escape'],
    ...[
      'g',
      'o',
      'k',
      'm',
      'd',
      'u',
      'U',
      'f',
      'U',
      'v',
      'v',
      'v',
      'v',
      'v',
      '[',
      '[',
      ']',
      'v',
      ' ',
      'j',
      ' ',
    ],
    ...['?', 'escape', ':', 'escape', ...start],
  ],
  'keys K and E': ['K', 'E', 'K', 'W', '2', 'E', 'W', 'K', '1', 'K', ...start],
};

export const heap: Figure = {
  name: 'heap',
  machine: 'own',
  async *measure() {
    for (const [what, keys] of Object.entries(rounds)) {
      yield await steadyHour(what, keys);
    }
    yield await growingHour();
  },
};

async function steadyHour(what: string, keys: readonly string[]): Promise<Row> {
  const run = new Run(keys);
  await run.pass(warmUpUpdates, 0);
  const beforeMiB = memoryMiB();
  await run.pass(hour, 0);
  const afterMiB = memoryMiB();
  run.close();
  const grownMiB = afterMiB - beforeMiB;
  return {
    subject: `memory growth in an hour at 10 updates a second, the same 20,000 stacks, ${what}`,
    must: `0 (< ${boundMiB} MiB)`,
    measured: `${grownMiB.toFixed(2)} MiB (${beforeMiB.toFixed(1)} to ${afterMiB.toFixed(1)})`,
    holds: grownMiB < boundMiB,
  };
}

/** Twice as long must cost no more for each stack: then the bound on stacks is one on memory. */
async function growingHour(): Promise<Row> {
  const run = new Run(rounds['all views'] as readonly string[]);
  await run.pass(warmUpUpdates, 1);
  const bytes: number[] = [];
  for (let half = 0; half < 2; half++) {
    const beforeMiB = memoryMiB();
    await run.pass(hour / 2, 1);
    bytes.push(((memoryMiB() - beforeMiB) * 2 ** 20) / (hour / 2));
  }
  run.close();
  const [first, second] = bytes as [number, number];
  return {
    subject: 'memory for each new stack of three new frames, one in each update, and a new thread each 10 s',
    must: 'told; the second half hour as the first, up to 2,000,000 stacks and 10,000 threads',
    measured: `${first.toFixed(0)} and ${second.toFixed(0)} bytes`,
    holds: undefined,
  };
}

/** A view over a session whose time passes as fast as it can. */
class Run {
  readonly #keys: readonly string[];
  readonly #session = new LargeSession({ stacks: 20_000, depth: 18 });
  readonly #driver: ViewDriver;
  #nowMs = 0;
  #updates = 0;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
    for (let i = 0; i < pastUpdates; i++) this.#update(0);
    this.#driver = new ViewDriver(this.#session, { columns: 120, rows: 40 }, () => this.#nowMs);
  }

  /** At least so many updates, to the end of a round: in the middle of one more is open than before it. */
  async pass(updates: number, newStacks: number): Promise<void> {
    for (let i = 0; i < updates || !this.#isAtRoundEnd; i++) {
      if (newStacks > 0 && this.#updates % 100 === 0) this.#session.addThread();
      this.#update(newStacks);
      this.#driver.view.tick();
      const key = this.#keys[(this.#updates / keysEvery) % this.#keys.length];
      if (key !== undefined) this.#driver.press(key);
      await turn();
    }
  }

  get #isAtRoundEnd(): boolean {
    const round = keysEvery * this.#keys.length;
    return round === 0 || this.#updates % round === round - 1;
  }

  close(): void {
    this.#driver.view.close();
  }

  #update(newStacks: number): void {
    this.#nowMs += updateMs;
    this.#updates++;
    this.#session.grow(newStacks, 10, updateMs);
    this.#session.tick();
  }
}

/** What is reachable: objects and the buffers of typed arrays, without those that wait for other sums (bounded by the pool). */
function memoryMiB(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers - arrayPool.freeBytes) / 2 ** 20;
}
