/**
 * pprof (github.com/google/pprof, proto/profile.proto): gzipped protobuf, two values a sample: `samples/count` and
 * `cpu/nanoseconds`. Written message by message, never as a whole. The metadata are comments, which `go tool pprof`
 * prints above `-top`, and labels of each sample: thread, tid, engine.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import { gzip } from './gzip.ts';
import { metaEntries, type ProfileMeta, profileMeta } from './meta.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { engineStacks } from './span-stacks.ts';
import { pathOf } from './stacks.ts';
import type { RunSummary } from './summary.ts';

/** Field numbers of profile.proto. */
const profileField = {
  ...{ sampleType: 1, sample: 2, mapping: 3, location: 4, function: 5, string: 6 },
  ...{ timeNanos: 9, durationNanos: 10, periodType: 11, period: 12, comment: 13, defaultSampleType: 14 },
} as const;
const valueTypeField = { type: 1, unit: 2 } as const;
const sampleField = { location: 1, value: 2, label: 3 } as const;
const labelField = { key: 1, text: 2, number: 3 } as const;
const mappingField = { id: 1, file: 5, hasFunctions: 7 } as const;
const locationField = { id: 1, mapping: 2, line: 4 } as const;
const lineField = { function: 1 } as const;
const functionField = { id: 1, name: 2, systemName: 3, file: 4, startLine: 5 } as const;

const flushBytes = 64 * 1024;

export function writePprof(run: RunSummary): Iterable<Uint8Array> {
  return gzip(messages(run));
}

function* messages(run: RunSummary): Generator<Uint8Array> {
  const meta = profileMeta(run);
  const writer = new PprofWriter(run.profile.tree, run.target.exe);
  writer.head(meta);
  const stacks = engineStacks(run, meta).flatMap(({ engine, threads }) =>
    threads.map((thread) => ({ engine, ...thread })),
  );
  for (const { engine, thread, nodes, weightsNs, samples } of stacks) {
    const labels = writer.threadLabels(thread.name, thread.tid, engine);
    for (let row = 0; row < nodes.length; row++) {
      const values = [samples[row] as number, weightsNs[row] as number];
      writer.sample(nodes[row] as number, values, labels);
      if (writer.length >= flushBytes) yield writer.take();
    }
  }
  writer.mappings();
  yield writer.take();
}

/** The tables grow as stacks are met; the order of messages in the file is free, ids tie them together. */
class PprofWriter {
  readonly #out = new ProtobufWriter();
  readonly #strings = new Map<string, number>();
  /** By function id. One location stands for a function: the tree has summed its addresses. */
  readonly #locations = new Map<number, number>();
  /** Mapping id by file: the first one is what pprof calls "File:", so that is the program itself. */
  readonly #mappings: Map<string, number>;
  readonly #tree: CallTree;
  readonly #exe: string;
  /** By node: the field of its locations, made once for all threads. */
  readonly #stackByNode: (Uint8Array | undefined)[] = [];

  constructor(tree: CallTree, exe: string) {
    this.#string('');
    this.#mappings = new Map([[exe, 1]]);
    this.#tree = tree;
    this.#exe = exe;
  }

  get length(): number {
    return this.#out.length;
  }

  take(): Uint8Array {
    return this.#out.take();
  }

  head(meta: ProfileMeta): void {
    const out = this.#out;
    this.#valueType(profileField.sampleType, 'samples', 'count');
    this.#valueType(profileField.sampleType, meta.unit, 'nanoseconds');
    this.#valueType(profileField.periodType, meta.unit, 'nanoseconds');
    out.integer(profileField.period, meta.periodNs);
    out.integer64(profileField.timeNanos, BigInt(Date.parse(meta.start)) * 1_000_000n);
    out.integer(profileField.durationNanos, Math.round(meta.durationNs));
    out.integer(profileField.defaultSampleType, this.#string(meta.unit));
    for (const [key, value] of metaEntries(meta)) {
      out.integer(profileField.comment, this.#string(`${key}=${value}`));
    }
  }

  /** Labels are the same for all samples of a thread. */
  threadLabels(name: string, tid: number, engine: string): Uint8Array {
    const labels = new ProtobufWriter();
    const text = (key: string, value: string): void => {
      const [keyIndex, textIndex] = [this.#string(key), this.#string(value)];
      labels.message(sampleField.label, (label) => {
        label.integer(labelField.key, keyIndex);
        label.integer(labelField.text, textIndex);
      });
    };
    text('thread', name);
    const tidKey = this.#string('tid');
    labels.message(sampleField.label, (label) => {
      label.integer(labelField.key, tidKey);
      label.integer(labelField.number, tid);
    });
    text('engine', engine);
    return labels.take();
  }

  sample(node: NodeId, values: readonly number[], labels: Uint8Array): void {
    const stack = this.#stack(node);
    this.#out.message(profileField.sample, (message) => {
      message.raw(stack);
      message.packed(sampleField.value, values);
      message.raw(labels);
    });
  }

  /** Every file that was met. */
  mappings(): void {
    for (const [file, id] of this.#mappings) {
      const name = this.#string(file);
      this.#out.message(profileField.mapping, (mapping) => {
        mapping.integer(mappingField.id, id);
        mapping.integer(mappingField.file, name);
        // Else pprof looks for the binary to name what is named already.
        mapping.integer(mappingField.hasFunctions, 1);
      });
    }
  }

  /** Leaf first. */
  #stack(node: NodeId): Uint8Array {
    const known = this.#stackByNode[node];
    if (known !== undefined) return known;
    const ids = pathOf(this.#tree, node)
      .reverse()
      .map((found) => this.#location(found));
    const field = new ProtobufWriter();
    field.packed(sampleField.location, ids);
    const stack = field.take();
    this.#stackByNode[node] = stack;
    return stack;
  }

  #location(found: ProfileFunction): number {
    const known = this.#locations.get(found.id);
    if (known !== undefined) return known;
    const id = this.#locations.size + 1;
    this.#locations.set(found.id, id);
    const name = this.#string(found.name);
    const file = this.#string(found.script ?? '');
    const mapping = this.#mapping(found.module);
    this.#out.message(profileField.function, (message) => {
      message.integer(functionField.id, id);
      message.integer(functionField.name, name);
      message.integer(functionField.systemName, name);
      message.integer(functionField.file, file);
      message.integer(functionField.startLine, found.line ?? 0);
    });
    this.#out.message(profileField.location, (message) => {
      message.integer(locationField.id, id);
      message.integer(locationField.mapping, mapping);
      message.message(locationField.line, (line) => line.integer(lineField.function, id));
    });
    return id;
  }

  /** 0 is none. Frames know a file by its name; of the program itself the path is known. */
  #mapping(module: string): number {
    if (module === '') return 0;
    const file = this.#exe.endsWith(`/${module}`) ? this.#exe : module;
    const id = this.#mappings.get(file) ?? this.#mappings.size + 1;
    this.#mappings.set(file, id);
    return id;
  }

  #valueType(field: number, type: string, unit: string): void {
    const [typeIndex, unitIndex] = [this.#string(type), this.#string(unit)];
    this.#out.message(field, (message) => {
      message.integer(valueTypeField.type, typeIndex);
      message.integer(valueTypeField.unit, unitIndex);
    });
  }

  /** Index of a string, written at first sight: index and place in the file are the same order. */
  #string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const index = this.#strings.size;
    this.#strings.set(text, index);
    this.#out.text(profileField.string, text);
    return index;
  }
}
