/**
 * The tables that all profiles of one message share: strings, functions, locations, stacks, attributes. Each begins with
 * an empty row, so that index 0 says "none" (profiles.proto). They grow as stacks are met.
 */
import type { CallTree, NodeId } from '../../profile/call-tree.ts';
import type { RuntimeName } from '../../profile/frames.ts';
import type { ProfileFunction } from '../../profile/functions.ts';
import { ProtobufWriter } from '../protobuf-writer.ts';
import { pathOf } from '../stacks.ts';
import { fields } from './fields.ts';

export type AttributeValue = string | number;

export class OtlpDictionary {
  readonly #tree: CallTree;
  readonly #out = new ProtobufWriter();
  readonly #strings = new Map<string, number>();
  readonly #mappings = new Map<string, number>();
  readonly #attributes = new Map<string, number>();
  /** By function id. One location stands for a function: the tree has summed its addresses. */
  readonly #locations = new Map<number, number>();
  readonly #stacks = new Map<NodeId, number>();

  constructor(tree: CallTree) {
    this.#tree = tree;
    const { strings, ...others } = fields.dictionary;
    for (const table of Object.values(others)) this.#out.message(table, () => {});
    this.string('');
  }

  take(): Uint8Array[] {
    return [this.#out.take()];
  }

  string(text: string): number {
    return rowOf(this.#strings, text, 0, () => this.#out.text(fields.dictionary.strings, text));
  }

  attribute(key: string, value: AttributeValue, unit = ''): number {
    const [keyIndex, unitIndex] = [this.string(key), this.string(unit)];
    return rowOf(this.#attributes, `${typeof value}\0${key}\0${value}`, 1, () =>
      this.#out.message(fields.dictionary.attributes, (pair) => {
        pair.integer(fields.keyValueAndUnit.key, keyIndex);
        pair.message(fields.keyValueAndUnit.value, (any) => writeValue(any, value));
        if (unitIndex > 0) pair.integer(fields.keyValueAndUnit.unit, unitIndex);
      }),
    );
  }

  /** Leaf first. */
  stack(node: NodeId): number {
    const known = this.#stacks.get(node);
    if (known !== undefined) return known;
    const locations = pathOf(this.#tree, node)
      .reverse()
      .map((found) => this.#location(found));
    return rowOf(this.#stacks, node, 1, () =>
      this.#out.message(fields.dictionary.stacks, (stack) => stack.packed(fields.stack.locations, locations)),
    );
  }

  #location(found: ProfileFunction): number {
    const known = this.#locations.get(found.id);
    if (known !== undefined) return known;
    const id = this.#locations.size + 1;
    const [name, mapping] = [this.string(found.name), this.#mapping(found.module)];
    const type = frameTypeOf(found);
    const attributes = type === undefined ? [] : [this.attribute('profile.frame.type', type)];
    const { script = '', line = 0 } = found;
    const fileIndex = this.string(script);
    this.#out.message(fields.dictionary.functions, (message) => {
      message.integer(fields.function.name, name);
      message.integer(fields.function.systemName, name);
      if (fileIndex > 0) message.integer(fields.function.file, fileIndex);
      if (line > 0) message.integer(fields.function.startLine, line);
    });
    this.#out.message(fields.dictionary.locations, (message) => {
      if (mapping > 0) message.integer(fields.location.mapping, mapping);
      message.message(fields.location.lines, (at) => at.integer(fields.line.function, id));
      if (attributes.length > 0) message.packed(fields.location.attributes, attributes);
    });
    this.#locations.set(found.id, id);
    return id;
  }

  #mapping(module: string): number {
    if (module === '') return 0;
    const file = this.string(module);
    return rowOf(this.#mappings, module, 1, () =>
      this.#out.message(fields.dictionary.mappings, (mapping) => mapping.integer(fields.mapping.file, file)),
    );
  }
}

/** Row of a key; a new one is written behind `first` rows that are there already. */
function rowOf<Key>(rows: Map<Key, number>, key: Key, first: number, write: () => void): number {
  const known = rows.get(key);
  if (known !== undefined) return known;
  const row = rows.size + first;
  rows.set(key, row);
  write();
  return row;
}

/** An `AnyValue`. */
export function writeValue(any: ProtobufWriter, value: AttributeValue): void {
  if (typeof value === 'string') any.text(fields.anyValue.text, value);
  else if (Number.isSafeInteger(value)) any.signed(fields.anyValue.integer, value);
  else any.double(fields.anyValue.double, value);
}

const runtimeTypes: Readonly<Record<RuntimeName, string>> = {
  node: 'v8js',
  java: 'jvm',
  python: 'cpython',
  go: 'go',
};

/** Values of the semantic conventions' `profile.frame.type`; undefined where they have none. */
function frameTypeOf({ kind, module, runtime }: ProfileFunction): string | undefined {
  if (kind === 'kernel' || (kind === 'marked' && module === 'kernel')) return 'kernel';
  if (runtime !== undefined) return runtimeTypes[runtime];
  return kind === 'native' ? 'native' : undefined;
}
