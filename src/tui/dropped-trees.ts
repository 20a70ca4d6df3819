/** Trees that are shown no more, until nobody reads them: then their memory is given to others. */
import type { ColumnTree } from '../profile/call-tree.ts';

export class DroppedTrees<Tree extends ColumnTree & { release(): void }> {
  #trees: Tree[] = [];

  add(tree: Tree | undefined): void {
    if (tree !== undefined && !this.#trees.includes(tree)) this.#trees.push(tree);
  }

  /** @param isRead whether somebody still reads one */
  release(isRead: (tree: ColumnTree) => boolean): void {
    const read = this.#trees.filter(isRead);
    for (const tree of this.#trees) if (!read.includes(tree)) tree.release();
    this.#trees = read;
  }
}
