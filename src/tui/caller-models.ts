/**
 * Keeps the models that are summed over the whole call tree as new as is sensible: at once for another tree or
 * another base, else as often as their work may be repeated.
 */
import { BottomUpTree, type Moves } from '../profile/bottom-up-tree.ts';
import type { ColumnTree, NodeId } from '../profile/call-tree.ts';
import { FunctionIndex } from '../profile/function-index.ts';
import { FunctionList } from '../profile/function-list.ts';
import { SlicedWork } from './sliced-work.ts';

/** Who shows the models. */
export interface CallerModelsHost {
  /** Whether a row of the bottom-up tree is open or chosen now, on the screen or not. */
  isOpen(node: NodeId): boolean;
  /** Nodes of the bottom-up tree are others from now on. */
  onMoved(moves: Moves): void;
  /** The models show something new. */
  onDone(): void;
}

export class CallerModels {
  readonly bottomUp: BottomUpTree;
  readonly functions: FunctionList;
  readonly #work: SlicedWork;
  readonly #learning: SlicedWork;
  #index: FunctionIndex;
  /** The index whose sums the models show. */
  #shown: FunctionIndex | undefined;
  #hasSums = false;
  #areListed = false;
  readonly #host: CallerModelsHost;

  constructor(tree: ColumnTree, host: CallerModelsHost, now: () => number) {
    this.#host = host;
    this.#learning = new SlicedWork(now, () => {}, false);
    this.#work = new SlicedWork(now, () => host.onDone());
    this.#index = new FunctionIndex(tree, 0);
    this.bottomUp = new BottomUpTree(this.#index);
    this.functions = new FunctionList(this.#index);
  }

  /** What the models were made of last; undefined before the first time. */
  get shown(): FunctionIndex | undefined {
    return this.#shown;
  }

  /** Whether what a tree says is still asked for. */
  reads(tree: ColumnTree): boolean {
    return this.#index.tree === tree || this.#shown?.tree === tree;
  }

  /** Whether the models have been made of this tree, however old. */
  isShowing(tree: ColumnTree, base: NodeId): boolean {
    const shown = this.#shown;
    return shown?.tree === tree && shown.base === base && shown.generation === tree.generation;
  }

  /**
   * Makes the models follow a tree.
   * @param base only its subtree counts
   */
  follow(tree: ColumnTree, base: NodeId): void {
    const isOther = this.#lookAt(tree, base);
    const isFirst = this.#shown !== this.#index && !this.#work.isRunning;
    if (!isOther && !isFirst && (this.#index.isCurrent || !this.#work.isDue)) return;
    this.#hasSums = false;
    this.#areListed = false;
    this.#learning.stop();
    this.#work.start((isOver) => this.#sum(isOver) && this.bottomUp.step(isOver));
  }

  /** While no view shows the models: what a first look would have to learn is learned as it comes. */
  keepUp(tree: ColumnTree, base: NodeId): void {
    if (this.#lookAt(tree, base)) this.close();
    if (this.#work.isRunning || this.#learning.isRunning) return;
    const index = this.#index;
    this.#learning.start((isOver) => index.learn(isOver));
  }

  /** @returns whether the tree or the base is another one than before */
  #lookAt(tree: ColumnTree, base: NodeId): boolean {
    const index = this.#index;
    if (index.tree === tree && index.base === base && index.generation === tree.generation) return false;
    this.#index = new FunctionIndex(tree, base);
    return true;
  }

  /** Recent histories of the tree have been worked out: they come after its weights. */
  refreshHistories(): void {
    this.bottomUp.refreshHistories();
    this.functions.refreshHistories();
  }

  /** Once a frame, before its rows are drawn. */
  beginFrame(): void {
    this.bottomUp.beginFrame();
    this.functions.beginFrame();
  }

  close(): void {
    this.#work.stop();
    this.#learning.stop();
  }

  /** One pass of the index; what comes in while it goes on waits for the next one. */
  #sum(isOver: () => boolean): boolean {
    if (this.#hasSums) return true;
    if (!this.#areListed) {
      if (!this.#index.step(isOver)) return false;
      this.functions.refresh(this.#index);
      this.#areListed = true;
      if (isOver()) return false;
    }
    this.#hasSums = true;
    this.#shown = this.#index;
    const moves = this.bottomUp.refresh(this.#index, (node) => this.#host.isOpen(node));
    if (moves !== undefined) this.#host.onMoved(moves);
    return !isOver();
  }
}
