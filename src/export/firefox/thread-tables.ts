/** The tables of one thread in a processed profile: parallel columns that refer to each other by row. */
import { type CallTree, type NodeId, ROOT } from '../../profile/call-tree.ts';
import type { FunctionKind } from '../../profile/frames.ts';
import type { ProfileFunction } from '../../profile/functions.ts';
import type { StackRow, ThreadStacks } from '../stacks.ts';

type Column<T> = readonly T[];

/** Columns that no frame of ours fills are of nulls. */
export interface ThreadTables {
  readonly samples: {
    readonly length: number;
    readonly stack: Column<number | null>;
    readonly time: Column<number>;
    readonly weight: Column<number>;
    readonly weightType: 'tracing-ms';
    readonly threadCPUDelta: Column<number>;
  };
  readonly stackTable: {
    readonly length: number;
    readonly frame: Column<number>;
    readonly prefix: Column<number | null>;
  };
  readonly frameTable: Readonly<Record<string, number | Column<number | null>>>;
  readonly funcTable: Readonly<Record<string, number | Column<number | boolean | null>>>;
  readonly resourceTable: Readonly<Record<string, number | Column<number | null>>>;
}

/** Index in the list of categories that firefox.ts writes. */
const categoryOf: Readonly<Record<FunctionKind, number>> = {
  root: 0,
  marked: 0,
  native: 1,
  jit: 2,
  kernel: 3,
};
/** `ResourceType` of the reader. */
const libraryResource = 1;

/** Strings of all threads, in order of first sight. */
export class StringTable {
  readonly #indexes = new Map<string, number>();

  indexOf(text: string): number {
    const index = this.#indexes.get(text) ?? this.#indexes.size;
    this.#indexes.set(text, index);
    return index;
  }

  *pieces(): Generator<string> {
    let separator = '';
    for (const text of this.#indexes.keys()) {
      yield separator + JSON.stringify(text);
      separator = ',';
    }
  }
}

/** @param durationNs of the recording: the rows of a thread fill it, each as long as its part of the thread's weight */
export function threadTables(
  tree: CallTree,
  { weightNs, rows }: ThreadStacks,
  durationNs: number,
  strings: StringTable,
): ThreadTables {
  const stacks = new StackRows(tree, strings);
  let beforeNs = 0;
  const timeMs = (row: StackRow): number => {
    beforeNs += row.weightNs;
    return weightNs > 0 ? (durationNs * (beforeNs / weightNs)) / 1e6 : 0;
  };
  // CPU time is what was used since the row before: the first row is one without a stack, else its successor's is lost.
  const samples = {
    length: rows.length + 1,
    stack: [null, ...rows.map(({ node }) => stacks.indexOf(node))],
    time: [0, ...rows.map(timeMs)],
    weight: [0, ...rows.map((row) => row.weightNs / 1e6)],
    weightType: 'tracing-ms',
    threadCPUDelta: [0, ...rows.map((row) => row.weightNs / 1e3)],
  } as const;
  return { samples, ...stacks.tables() };
}

class StackRows {
  readonly #tree: CallTree;
  readonly #strings: StringTable;
  readonly #stackByNode = new Map<NodeId, number>();
  readonly #prefix: (number | null)[] = [];
  readonly #frame: number[] = [];
  /** A frame is a function here: the tree has summed its addresses. */
  readonly #frameByFunction = new Map<number, number>();
  readonly #functions: ProfileFunction[] = [];
  readonly #resourceByModule = new Map<string, number>();

  constructor(tree: CallTree, strings: StringTable) {
    this.#tree = tree;
    this.#strings = strings;
  }

  indexOf(node: NodeId): number {
    const missing: NodeId[] = [];
    let at = node;
    for (; at > ROOT && !this.#stackByNode.has(at); at = this.#tree.parentOf(at)) missing.push(at);
    // Time of the root itself stands under the root's own name.
    if (node === ROOT && !this.#stackByNode.has(ROOT)) missing.push(ROOT);
    let prefix = at === ROOT ? null : (this.#stackByNode.get(at) ?? null);
    for (const next of missing.reverse()) {
      prefix = this.#add(prefix, this.#tree.functionOf(next));
      this.#stackByNode.set(next, prefix);
    }
    return this.#stackByNode.get(node) as number;
  }

  tables(): Omit<ThreadTables, 'samples'> {
    const functions = this.#functions;
    const resources = functions.map(({ module }) => (module === '' ? -1 : this.#resource(module)));
    const none = functions.map(() => null);
    const names = functions.map(({ name }) => this.#strings.indexOf(name));
    const modules = [...this.#resourceByModule.keys()];
    return {
      stackTable: { length: this.#frame.length, frame: this.#frame, prefix: this.#prefix },
      frameTable: {
        length: functions.length,
        address: functions.map(() => -1),
        inlineDepth: functions.map(() => 0),
        category: functions.map(categoryIn),
        subcategory: functions.map(() => 0),
        func: functions.map((_, i) => i),
        nativeSymbol: none,
        innerWindowID: none,
        line: none,
        column: none,
      },
      funcTable: {
        length: functions.length,
        name: names,
        isJS: functions.map(() => false),
        relevantForJS: functions.map(() => false),
        resource: resources,
        fileName: none,
        lineNumber: none,
        columnNumber: none,
      },
      resourceTable: {
        length: modules.length,
        name: modules.map((module) => this.#strings.indexOf(module)),
        lib: modules.map(() => null),
        host: modules.map(() => null),
        type: modules.map(() => libraryResource),
      },
    };
  }

  #add(prefix: number | null, found: ProfileFunction): number {
    let frame = this.#frameByFunction.get(found.id);
    if (frame === undefined) {
      frame = this.#functions.push(found) - 1;
      this.#frameByFunction.set(found.id, frame);
    }
    this.#prefix.push(prefix);
    return this.#frame.push(frame) - 1;
  }

  #resource(module: string): number {
    const index = this.#resourceByModule.get(module) ?? this.#resourceByModule.size;
    this.#resourceByModule.set(module, index);
    return index;
  }
}

/** Kernel time without names is kernel time. */
function categoryIn({ kind, module, name }: ProfileFunction): number {
  if (kind === 'marked' && module === 'kernel') return categoryOf.kernel;
  return name === '[jit: no symbols]' ? categoryOf.jit : categoryOf[kind];
}
