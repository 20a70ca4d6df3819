/**
 * Who calls a function and what it calls, over all its places, as parts of its total. Both sides add up to the whole:
 * a call to itself is looked through, so recursion is counted once. Worked out in slices.
 */
import { type NodeId, ROOT } from './call-tree.ts';
import type { FunctionIndex } from './function-index.ts';
import type { ProfileFunction } from './functions.ts';

export interface SandwichPart {
  /** undefined for the time a function spends itself, or that nobody called it for. */
  readonly function: ProfileFunction | undefined;
  readonly weightNs: number;
}

const placesPerLook = 256;

export class Sandwich {
  readonly index: FunctionIndex;
  readonly functionId: number;
  readonly version: number;
  /** Heaviest first, once done. */
  callers: readonly SandwichPart[] = [];
  callees: readonly SandwichPart[] = [];
  isDone = false;
  readonly #places: Iterator<NodeId>;
  readonly #callerNs = new Map<number, number>();
  readonly #calleeNs = new Map<number, number>();
  readonly #functions = new Map<number, ProfileFunction>();
  #rootNs = 0;
  #selfNs = 0;
  /** Places whose callees are still to be looked at. */
  readonly #waiting: NodeId[] = [];

  /** @param index after a whole pass */
  constructor(index: FunctionIndex, functionId: number) {
    this.index = index;
    this.functionId = functionId;
    this.version = index.version;
    this.#places = index.nodesOf(functionId);
  }

  /** @returns whether both sides are known */
  step(isOver: () => boolean): boolean {
    if (this.isDone || this.index.generation !== this.index.tree.generation) return true;
    for (let looked = 1; ; looked++) {
      if (looked % placesPerLook === 0 && isOver()) return false;
      const waiting = this.#waiting.pop();
      if (waiting !== undefined) {
        this.#addCallees(waiting);
        continue;
      }
      const next = this.#places.next();
      if (next.done === true) break;
      if (!this.index.isOutermost(next.value)) continue;
      this.#addCaller(next.value);
      this.#waiting.push(next.value);
    }
    this.callers = this.#sorted(this.#callerNs, this.#rootNs);
    this.callees = this.#sorted(this.#calleeNs, this.#selfNs);
    this.isDone = true;
    return true;
  }

  #addCaller(place: NodeId): void {
    const { tree, base } = this.index;
    const caller = place === base ? -1 : tree.parentOf(place);
    if (caller <= ROOT) this.#rootNs += tree.totalNs(place);
    else this.#add(this.#callerNs, tree.functionOf(caller), tree.totalNs(place));
  }

  #addCallees(place: NodeId): void {
    const { tree } = this.index;
    this.#selfNs += tree.selfNs(place);
    for (const callee of tree.childrenOf(place)) {
      const func = tree.functionOf(callee);
      if (func.id === this.functionId) this.#waiting.push(callee);
      else this.#add(this.#calleeNs, func, tree.totalNs(callee));
    }
  }

  #add(sums: Map<number, number>, func: ProfileFunction, ns: number): void {
    this.#functions.set(func.id, func);
    sums.set(func.id, (sums.get(func.id) ?? 0) + ns);
  }

  #sorted(sums: ReadonlyMap<number, number>, ownNs: number): SandwichPart[] {
    const parts: SandwichPart[] = Array.from(sums, ([id, weightNs]) => ({
      function: this.#functions.get(id),
      weightNs,
    }));
    if (ownNs > 0) parts.push({ function: undefined, weightNs: ownNs });
    return parts.filter(({ weightNs }) => weightNs > 0).sort((a, b) => b.weightNs - a.weightNs);
  }
}
