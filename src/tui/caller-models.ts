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
  #index: FunctionIndex;
  /** The index whose sums the models show. */
  #shown: FunctionIndex | undefined;
  #hasSums = false;
  #isOpen: (node: NodeId) => boolean = () => false;

  /** @param onDone the models show something new */
  constructor(tree: CallTree, onDone: () => void, now: () => number) {
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
    const index = this.#index;
    const isOther = index.tree !== tree || index.base !== base || index.generation !== tree.generation;
    if (isOther) this.#index = new FunctionIndex(tree, base);
    else if (index.isCurrent || !this.#work.isDue) return;
    this.#hasSums = false;
    this.#work.start((isOver) => this.#sum(isOver) && this.bottomUp.step(isOver));
  }

  close(): void {
    this.#work.stop();
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
