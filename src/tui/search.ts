/** The search in force: looked for again in slices when the query, the tree or its weights are others. */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { NameQuery } from '../profile/name-query.ts';
import { Finding, type FindTotals } from './find.ts';
import { SlicedWork } from './sliced-work.ts';

/** What is known of a search. */
export interface Found {
  isMatch(node: NodeId): boolean;
  leadsToMatch(node: NodeId): boolean;
  /** Undefined until it has been worked out. */
  readonly totals: FindTotals | undefined;
}

export class Search {
  readonly #work: SlicedWork;
  #rows: Finding | undefined;
  /** Over the call tree, where the rows do not add up to it. */
  #places: Finding | undefined;
  /** Called with what was found, once it is known. */
  #waiting: ((found: Found & { readonly totals: FindTotals }) => void)[] = [];

  constructor(now: () => number, onDone: () => void) {
    this.#work = new SlicedWork(now, () => {
      onDone();
      this.#tellWaiting();
    });
  }

  /**
   * Looks for `query`, or nothing.
   * @param tree whose nodes are the rows; @param calls the call tree, whose time the share is of
   */
  follow(query: NameQuery | undefined, tree: CallTree, calls: CallTree): Found | undefined {
    if (query === undefined) {
      this.close();
      return undefined;
    }
    const isFor = (finding: Finding | undefined, of: CallTree) =>
      finding?.tree === of &&
      finding.generation === of.generation &&
      finding.query.text === query.text &&
      finding.query.isExact === query.isExact;
    const hasPlaces = tree !== calls;
    const isSame = isFor(this.#rows, tree) && (hasPlaces ? isFor(this.#places, calls) : true);
    if (!isSame) {
      this.#work.stop();
      this.#release();
      this.#rows = new Finding(tree, query);
      this.#places = hasPlaces ? new Finding(calls, query) : undefined;
    }
    const { totals } = this;
    const isCurrent = this.#rows?.isCurrent === true && this.#places?.isCurrent !== false;
    const isDue = totals === undefined ? !this.#work.isRunning : !isCurrent && this.#work.isDue;
    if (!isSame || isDue) this.#start();
    return this.#found;
  }

  /** Whether what a tree says is still asked for. */
  reads(tree: CallTree): boolean {
    return this.#rows?.tree === tree || this.#places?.tree === tree;
  }

  /** Runs `act` with what is found, now or as soon as it is known; never when the search is given up before. */
  whenFound(act: (found: Found & { readonly totals: FindTotals }) => void): void {
    this.#waiting.push(act);
    if (!this.#work.isRunning) this.#tellWaiting();
  }

  close(): void {
    this.#work.stop();
    this.#release();
    this.#waiting = [];
  }

  get totals(): FindTotals | undefined {
    const own = this.#rows?.totals;
    const share = this.#places === undefined ? own?.share : this.#places.totals?.share;
    return own === undefined || share === undefined ? undefined : { ...own, share };
  }

  get #found(): Found | undefined {
    const rows = this.#rows;
    if (rows === undefined) return undefined;
    return {
      isMatch: (node) => rows.isMatch(node),
      leadsToMatch: (node) => rows.leadsToMatch(node),
      totals: this.totals,
    };
  }

  #release(): void {
    this.#rows?.release();
    this.#places?.release();
    this.#rows = undefined;
    this.#places = undefined;
  }

  #start(): void {
    const [rows, places] = [this.#rows, this.#places];
    this.#work.start((isOver) => rows?.step(isOver) !== false && places?.step(isOver) !== false);
  }

  #tellWaiting(): void {
    const found = this.#found;
    const totals = found?.totals;
    if (found === undefined || totals === undefined) return;
    for (let act = this.#waiting.shift(); act !== undefined; act = this.#waiting.shift()) {
      act({ ...found, totals });
    }
  }
}
