/**
 * Keeps the models that are summed over the whole call tree as new as is sensible: at once for another tree or
 * another base, else as often as their work may be repeated.
 */
import { BottomUpTree } from '../profile/bottom-up-tree.ts';
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import { FunctionIndex } from '../profile/function-index.ts';
import { FunctionList } from '../profile/function-list.ts';
import { SlicedWork } from './sliced-work.ts';

export class CallerModels {
  readonly bottomUp: BottomUpTree;
  readonly functions: FunctionList;
  readonly #work: SlicedWork;
  readonly #learning: SlicedWork;
  #index: FunctionIndex;
  /** The index whose sums the models show. */
  #shown: FunctionIndex | undefined;
  #hasSums = false;
  #isOpen: (node: NodeId) => boolean = () => false;

  /** @param onDone the models show something new */
  constructor(tree: CallTree, onDone: () => void, now: () => number) {
    this.#learning = new SlicedWork(now, () => {});
    this.#work = new SlicedWork(now, onDone);
    this.#index = new FunctionIndex(tree, 0);
    this.bottomUp = new BottomUpTree(this.#index);
    this.functions = new FunctionList(this.#index);
  }

  /** What the models were made of last; undefined before the first time. */
  get shown(): FunctionIndex | undefined {
    return this.#shown;
  }

  /** Whether the models have been made of this tree, however old. */
  isShowing(tree: CallTree, base: NodeId): boolean {
    const shown = this.#shown;
    return shown?.tree === tree && shown.base === base && shown.generation === tree.generation;
  }

  /**
   * Makes the models follow a tree.
   * @param base only its subtree counts; @param isOpen callers to keep counted
   */
  follow(tree: CallTree, base: NodeId, isOpen: (node: NodeId) => boolean): void {
    this.#isOpen = isOpen;
    const isOther = this.#lookAt(tree, base);
    const isFirst = this.#shown !== this.#index && !this.#work.isRunning;
    if (!isOther && !isFirst && (this.#index.isCurrent || !this.#work.isDue)) return;
    this.#hasSums = false;
    this.#learning.stop();
    this.#work.start((isOver) => this.#sum(isOver) && this.bottomUp.step(isOver));
  }

  /** While no view shows the models: what a first look would have to learn is learned as it comes. */
  keepUp(tree: CallTree, base: NodeId): void {
    if (this.#lookAt(tree, base)) this.close();
    if (this.#work.isRunning || this.#learning.isRunning) return;
    const index = this.#index;
    this.#learning.start((isOver) => index.learn(isOver));
  }

  /** @returns whether the tree or the base is another one than before */
  #lookAt(tree: CallTree, base: NodeId): boolean {
    const index = this.#index;
    if (index.tree === tree && index.base === base && index.generation === tree.generation) return false;
    this.#index = new FunctionIndex(tree, base);
    return true;
  }

  close(): void {
    this.#work.stop();
    this.#learning.stop();
  }

  /** One pass of the index; what comes in while it goes on waits for the next one. */
  #sum(isOver: () => boolean): boolean {
    if (this.#hasSums) return true;
    if (!this.#index.step(isOver)) return false;
    this.#hasSums = true;
    this.#shown = this.#index;
    this.bottomUp.refresh(this.#index, this.#isOpen);
    this.functions.refresh(this.#index);
    return !isOver();
  }
}
