/** The tables of one thread in a processed profile: parallel columns that refer to each other by row. */
import { type CallTree, type NodeId, ROOT } from '../../profile/call-tree.ts';
import type { FunctionKind } from '../../profile/frames.ts';
import type { ProfileFunction } from '../../profile/functions.ts';
import type { TimedStacks } from '../span-stacks.ts';

/** Columns by name, all of the table's length, each value made as it is written; `facts` are said once for all rows. */
export interface Table {
  readonly length: number;
  readonly columns: Readonly<Record<string, (row: number) => number | boolean | null>>;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export type ThreadTables = Readonly<
  Record<'samples' | 'stackTable' | 'frameTable' | 'funcTable' | 'resourceTable', Table>
>;

/** Index in the list of categories that firefox.ts writes. */
const categoryOf: Readonly<Record<FunctionKind, number>> = {
  root: 0,
  marked: 0,
  native: 1,
  jit: 2,
  kernel: 3,
  runtime: 4,
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

export function threadTables(
  tree: CallTree,
  { nodes, weightsNs, timesNs }: TimedStacks,
  strings: StringTable,
): ThreadTables {
  const stacks = new StackTables(tree, strings);
  const stackOfRow = Uint32Array.from(nodes, (node) => stacks.indexOf(node));
  // CPU time is what was used since the row before: the first row is one without a stack, else its successor's is lost.
  const behindFirst = (values: Float64Array, perUnit: number) => (row: number) =>
    row === 0 ? 0 : (values[row - 1] as number) / perUnit;
  const samples: Table = {
    length: nodes.length + 1,
    columns: {
      stack: (row) => (row === 0 ? null : (stackOfRow[row - 1] as number)),
      time: behindFirst(timesNs, 1e6),
      weight: behindFirst(weightsNs, 1e6),
      threadCPUDelta: behindFirst(weightsNs, 1e3),
    },
    facts: { weightType: 'tracing-ms' },
  };
  return { samples, ...stacks.tables() };
}

class StackTables {
  readonly #tree: CallTree;
  readonly #strings: StringTable;
  readonly #stackByNode = new Map<NodeId, number>();
  readonly #prefix: (number | null)[] = [];
  readonly #frame: number[] = [];
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
    const names = functions.map(({ name }) => this.#strings.indexOf(name));
    const files = functions.map(({ script }) =>
      script === undefined ? null : this.#strings.indexOf(script),
    );
    const lines = functions.map(({ line }) => line ?? null);
    const isJS = (row: number): boolean => functions[row]?.runtime === 'node';
    const categories = functions.map(categoryIn);
    const modules = Array.from(this.#resourceByModule.keys(), (module) => this.#strings.indexOf(module));
    const of = (values: readonly (number | null)[]) => (row: number) => values[row] as number | null;
    const [none, no, zero] = [() => null, () => false, () => 0];
    return {
      stackTable: {
        length: this.#frame.length,
        columns: { frame: of(this.#frame), prefix: of(this.#prefix) },
      },
      // A frame is a function here: the tree has summed its addresses.
      frameTable: {
        length: functions.length,
        columns: {
          ...{ address: () => -1, inlineDepth: zero, category: of(categories), subcategory: zero },
          ...{ func: (row) => row, nativeSymbol: none, innerWindowID: none, line: none, column: none },
        },
      },
      funcTable: {
        length: functions.length,
        columns: {
          ...{ name: of(names), isJS, relevantForJS: no, resource: of(resources) },
          ...{ fileName: of(files), lineNumber: of(lines), columnNumber: none },
        },
      },
      resourceTable: {
        length: modules.length,
        columns: { name: of(modules), lib: none, host: none, type: () => libraryResource },
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
