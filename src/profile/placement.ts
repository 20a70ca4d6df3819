/**
 * Where a stack stands in the call tree: walks the trie from the root, folds what has no name, and remembers
 * the node of each stack, so that each new stack costs one step.
 */
import { blockedLabel } from './blocked.ts';
import type { GrowingTree, NodeId } from './call-tree.ts';
import { Column, int32 } from './column.ts';
import type { FrameTable } from './frame-table.ts';
import type { FrameKind, FunctionKind, MarkedLabel } from './frames.ts';
import type { Functions } from './functions.ts';
import { foldStep } from './kernel-fold.ts';
import type { StackTable } from './stack-table.ts';

const notPlaced = 0;
const functionKinds: Readonly<Partial<Record<FrameKind, FunctionKind>>> = {
  kernel: 'kernel',
  'exec-anon': 'jit',
  runtime: 'jit',
};

export class Placement {
  /** Collapse the whole kernel part of each stack into one `[kernel]` node. */
  kernelCollapsed = false;
  readonly #tree: GrowingTree;
  readonly #functions: Functions;
  readonly #frames: FrameTable;
  readonly #stacks: StackTable;
  /** Node + 1 by stack, 0 while not placed: fresh column space reads as 0. */
  #nodePlusOne = new Column(int32);

  constructor(tree: GrowingTree, functions: Functions, frames: FrameTable, stacks: StackTable) {
    this.#tree = tree;
    this.#functions = functions;
    this.#frames = frames;
    this.#stacks = stacks;
  }

  /**
   * The node of a stack, made if needed.
   * @param force place frames that the symbolizer has not answered yet under their address
   * @returns undefined while a frame of it waits for its first name
   */
  place(stack: number, force: boolean): NodeId | undefined {
    const waiting: number[] = [];
    this.#nodePlusOne.reserve(this.#stacks.length);
    let at = stack;
    while (at !== 0 && this.#nodePlusOne.at(at) === notPlaced) {
      if (!this.#frames.isAnswered(this.#stacks.frameOf(at))) {
        if (!force) return undefined;
        this.#frames.setUnanswered(this.#stacks.frameOf(at));
      }
      waiting.push(at);
      at = this.#stacks.parentOf(at);
    }
    let node = at === 0 ? 0 : this.#nodePlusOne.at(at) - 1;
    for (let i = waiting.length - 1; i >= 0; i--) {
      const id = waiting[i] as number;
      node = this.#step(node, this.#stacks.frameOf(id));
      this.#nodePlusOne.values[id] = node + 1;
    }
    return node;
  }

  /** The node of a stack, or undefined if it was never placed. */
  nodeOf(stack: number): NodeId | undefined {
    if (stack === 0) return 0;
    const plusOne = this.#nodePlusOne.values[stack] ?? notPlaced;
    return plusOne === notPlaced ? undefined : plusOne - 1;
  }

  /** Forgets all placements and returns the way to ask for the old ones. */
  restart(): (stack: number) => NodeId | undefined {
    const old = this.#nodePlusOne;
    this.#nodePlusOne = new Column(int32, Math.max(1024, this.#stacks.length));
    return (stack) => {
      const plusOne = old.values[stack] ?? notPlaced;
      return plusOne === notPlaced ? undefined : plusOne - 1;
    };
  }

  #step(below: NodeId, frame: number): NodeId {
    const kind = this.#frames.kindOf(frame);
    if (this.kernelCollapsed && (kind === 'kernel' || kind === 'kernel-unseen')) {
      const kernel = this.#functions.intern('[kernel]', 'kernel', 'kernel');
      return this.#tree.functionOf(below).id === kernel ? below : this.#tree.child(below, kernel);
    }
    const name = this.#frames.nameOf(frame);
    const belowFunction = this.#tree.functionOf(below);
    const belowLabel = belowFunction.kind === 'marked' ? (belowFunction.name as MarkedLabel) : undefined;
    const fold = foldStep(belowLabel, kind, name?.hasSymbol === true);
    if (fold.become === 'below') return below;
    if (fold.become === 'marked') return this.#tree.child(below, this.#functions.internMarked(fold.label));
    return this.#tree.child(below, this.#functionOf(frame));
  }

  #functionOf(frame: number): number {
    const { kind, address } = this.#frames.frame(frame);
    if (kind === 'blocked') return this.#functions.internMarked(blockedLabel(address));
    const functionKind: FunctionKind = functionKinds[kind] ?? 'native';
    const name = this.#frames.nameOf(frame);
    if (!name || name.name === '')
      return this.#functions.intern(`0x${address.toString(16)}`, '', functionKind);
    return this.#functions.intern(name.name, name.module, functionKind, name.source);
  }
}
