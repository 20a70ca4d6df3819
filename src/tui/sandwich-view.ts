/**
 * The functions view between two frames: which of its three parts has the keys, and the callers and callees of the
 * function under the cursor, worked out in slices and again when the sums are new.
 */
import type { CallTree } from '../profile/call-tree.ts';
import type { FunctionIndex } from '../profile/function-index.ts';
import { Sandwich, type SandwichPart } from '../profile/sandwich.ts';
import { SlicedWork } from './sliced-work.ts';

export const paneNames = ['list', 'callers', 'callees'] as const;
export type PaneName = (typeof paneNames)[number];

/** With fewer lines than this only the part that has the keys is shown. */
const leastForThree = 12;

export interface SandwichSpace {
  readonly list: number;
  /** Lines of the two lower parts without their head; 0 when they are not shown beside the list. */
  readonly panes: number;
}

export function sandwichSpace(height: number, pane: PaneName): SandwichSpace {
  if (height >= leastForThree) {
    const list = Math.ceil(height * 0.55);
    return { list, panes: height - list - 1 };
  }
  return pane === 'list' ? { list: height, panes: 0 } : { list: 0, panes: height - 1 };
}

export class SandwichView {
  pane: PaneName = 'list';
  /** Row of the pane that has the keys. */
  row = 0;
  #sandwich: Sandwich | undefined;
  #next: Sandwich | undefined;
  readonly #work: SlicedWork;

  /** @param onDone both sides are known */
  constructor(now: () => number, onDone: () => void) {
    this.#work = new SlicedWork(now, onDone);
  }

  /** @param functionId of the function under the cursor, undefined when there is none */
  follow(index: FunctionIndex | undefined, functionId: number | undefined): void {
    if (index === undefined || functionId === undefined) {
      this.#work.stop();
      this.#sandwich = undefined;
      this.#next = undefined;
      return;
    }
    const isFor = (sandwich: Sandwich | undefined) =>
      sandwich?.index === index && sandwich.functionId === functionId && sandwich.version === index.version;
    if (isFor(this.#sandwich) || isFor(this.#next)) return;
    if (this.#sandwich?.functionId !== functionId) this.#sandwich = undefined;
    const next = new Sandwich(index, functionId);
    this.#next = next;
    this.#work.start((isOver) => {
      if (!next.step(isOver)) return false;
      this.#sandwich = next;
      this.#next = undefined;
      return true;
    });
  }

  /** Whether what a tree says is still asked for. */
  reads(tree: CallTree): boolean {
    return this.#next?.index.tree === tree || this.#sandwich?.index.tree === tree;
  }

  /** Undefined while it is worked out. */
  parts(pane: PaneName): readonly SandwichPart[] | undefined {
    if (this.#sandwich?.isDone !== true) return undefined;
    return pane === 'callers' ? this.#sandwich.callers : this.#sandwich.callees;
  }

  /** The part that has the keys; another function or an empty part gives them back to the list. */
  enter(pane: PaneName): void {
    this.pane = pane;
    this.row = 0;
  }

  move(rows: number): void {
    const last = (this.parts(this.pane)?.length ?? 0) - 1;
    this.row = Math.max(0, Math.min(last, this.row + rows));
  }

  get selectedPart(): SandwichPart | undefined {
    return this.pane === 'list' ? undefined : this.parts(this.pane)?.[this.row];
  }

  close(): void {
    this.#work.stop();
  }
}
