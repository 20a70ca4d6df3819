/**
 * Where a stack stands in the call tree: walks the trie from the root, folds what has no name, and remembers
 * the node of each stack, so that each new stack costs one step.
 */
import { blockedLabel } from './blocked.ts';
import type { GrowingTree, NodeId } from './call-tree.ts';
import { Column, int32 } from './column.ts';
import type { FrameTable } from './frame-table.ts';
import { type MarkedLabel, markedLabels } from './frames.ts';
import { type Functions, kindOfNamed } from './functions.ts';
import { foldStep } from './kernel-fold.ts';
import type { StackTable } from './stack-table.ts';
import type { ProfileTables } from './tables.ts';

const isUnsampled = (name: string | undefined): boolean =>
  name === markedLabels.notSampled || name === markedLabels.kernelNotSampled;

const notPlaced = 0;

export class Placement {
  /** Collapse the whole kernel part of each stack into one `[kernel]` node. */
  readonly kernelCollapsed: boolean;
  #tree: GrowingTree;
  readonly #functions: Functions;
  readonly #frames: FrameTable;
  readonly #stacks: StackTable;
  /** Node + 1 by stack, 0 while not placed: fresh column space reads as 0. */
  readonly #nodePlusOne: Column<Int32Array>;
  /** Function + 1 by frame, as long as names stay: a name is looked up by its letters once. */
  readonly #functionPlusOne: Column<Int32Array>;
  /** By frame: the functions that are inlined at its address, outermost first. */
  readonly #inlined = new Map<number, readonly number[]>();

  constructor(tree: GrowingTree, { functions, frames, stacks }: ProfileTables, kernelCollapsed: boolean) {
    this.#tree = tree;
    this.#functions = functions;
    this.#frames = frames;
    this.#stacks = stacks;
    this.kernelCollapsed = kernelCollapsed;
    this.#nodePlusOne = new Column(int32, Math.max(1024, stacks.length));
    this.#functionPlusOne = new Column(int32, Math.max(1024, frames.length));
  }

  /** The nodes are those of another tree object from now on. */
  moveTo(tree: GrowingTree): void {
    this.#tree = tree;
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
    const own = this.#tree.child(below, this.#functionOf(frame));
    const inlined = this.#inlined.get(frame);
    return inlined === undefined ? own : inlined.reduce((node, func) => this.#tree.child(node, func), own);
  }

  #functionOf(frame: number): number {
    this.#functionPlusOne.reserve(frame + 1);
    const known = this.#functionPlusOne.at(frame);
    if (known !== notPlaced) return known - 1;
    const found = this.#intern(frame);
    const name = this.#frames.nameOf(frame);
    if (name?.inlined !== undefined) {
      const { module, inlined } = name;
      this.#inlined.set(
        frame,
        inlined.map((each) => this.#functions.intern(each.name, module, 'native', each)),
      );
    }
    this.#functionPlusOne.values[frame] = found + 1;
    return found;
  }

  #intern(frame: number): number {
    const { kind, address } = this.#frames.frame(frame);
    if (kind === 'blocked') return this.#functions.internMarked(blockedLabel(address));
    // Of two profiles that are compared the time that no sample carries is a frame like others.
    if (kind === 'process' && isUnsampled(this.#frames.nameOf(frame)?.name))
      return this.#functions.internMarked(this.#frames.nameOf(frame)?.name as MarkedLabel);
    const name = this.#frames.nameOf(frame);
    const functionKind = kindOfNamed(kind, name) ?? 'native';
    if (!name || name.name === '')
      return this.#functions.intern(`0x${address.toString(16)}`, '', functionKind);
    return this.#functions.intern(name.name, name.module, functionKind, name);
  }
}
