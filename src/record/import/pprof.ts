/**
 * pprof (github.com/google/pprof, proto/profile.proto), gzipped or not. Several lines of a location are functions inlined
 * into each other, the innermost first. Of several sample types the time is taken, else the one the file prefers.
 */
import { Malformed } from '../../encoding/byte-reader.ts';
import type { Facts } from '../recording-writer.ts';
import {
  fileNameOf,
  type Imported,
  type ImportedFrame,
  isKernelModule,
  NotImportable,
  ProfileBuilder,
  scaleOf,
} from './imported.ts';
import { type Field, fieldsOf, numbersOf } from './protobuf-reader.ts';

/** Messages of the file by what they are; text is looked up when all of it is known. */
interface Messages {
  readonly sampleTypes: Buffer[];
  readonly samples: Buffer[];
  readonly mappings: Buffer[];
  readonly locations: Buffer[];
  readonly functions: Buffer[];
  readonly strings: string[];
  readonly comments: number[];
  defaultType: number;
  damage: string | undefined;
}

/** @throws NotImportable */
export function importPprof(bytes: Buffer, isCut: boolean): Imported {
  const messages = read(bytes);
  const text = (index: number): string => messages.strings[index] ?? '';
  const types = messages.sampleTypes.map((message) => {
    const fields = numbersByField(message);
    return { type: text(fields.get(1) ?? 0), unit: text(fields.get(2) ?? 0) };
  });
  if (types.length === 0)
    throw new NotImportable('no format that prof-tui reads: as pprof it has no sample type');
  const chosen = chooseValue(types, text(messages.defaultType));
  const scale = scaleOf(types[chosen]?.unit ?? '');
  const countAt = types.findIndex(({ unit }) => unit === 'count');
  const locations = new Locations(messages, text);
  const builder = new ProfileBuilder();
  let damaged = 0;
  for (const message of messages.samples) {
    try {
      const { stack, values, thread } = readSample(message, locations, text);
      const samples = countAt < 0 ? 1 : (values[countAt] ?? 0);
      builder.add(stack, thread, (values[chosen] ?? 0) * scale.ns, samples);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      damaged++;
    }
  }
  const profile = builder.finish();
  const lost = damaged > 0 ? `${damaged} samples are damaged` : undefined;
  const damage = messages.damage ?? lost ?? (isCut ? 'its end is missing' : undefined);
  if (damage !== undefined && profile.samples === 0)
    throw new NotImportable(`it is no pprof profile: ${damage}`);
  return {
    format: 'pprof',
    profile,
    meta: metaOf(messages.comments.map(text)),
    unitNote: scale.unitNote,
    damage,
  };
}

function read(bytes: Buffer): Messages {
  const messages: Messages = {
    sampleTypes: [],
    samples: [],
    mappings: [],
    locations: [],
    functions: [],
    strings: [],
    comments: [],
    defaultType: 0,
    damage: undefined,
  };
  const lists: Readonly<Record<number, Buffer[]>> = {
    1: messages.sampleTypes,
    2: messages.samples,
    3: messages.mappings,
    4: messages.locations,
    5: messages.functions,
  };
  try {
    for (const field of fieldsOf(bytes)) {
      if (field.number === 6) messages.strings.push(field.bytes.toString('utf8'));
      else if (field.number === 13) messages.comments.push(...numbersOf(field));
      else if (field.number === 14) messages.defaultType = field.value;
      else lists[field.number]?.push(field.bytes);
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    messages.damage = error.message;
  }
  return messages;
}

/** Time before what the file prefers before the last. */
function chooseValue(types: readonly { type: string; unit: string }[], preferred: string): number {
  const byName = types.findIndex(({ type }) => type === preferred);
  if (preferred !== '' && byName >= 0) return byName;
  const time = types.findIndex(({ unit }) => scaleOf(unit).unitNote === undefined);
  return time >= 0 ? time : types.length - 1;
}

function readSample(message: Buffer, locations: Locations, text: (index: number) => string) {
  const stack: ImportedFrame[] = [];
  const values: number[] = [];
  const thread = { tid: 0, name: '' };
  for (const field of fieldsOf(message)) {
    if (field.number === 1) for (const id of numbersOf(field)) stack.push(...locations.framesOf(id));
    else if (field.number === 2) values.push(...numbersOf(field));
    else if (field.number === 3) {
      const label = numbersByField(field.bytes);
      const key = text(label.get(1) ?? 0);
      if (key === 'thread') thread.name = text(label.get(2) ?? 0);
      if (key === 'tid') thread.tid = label.get(3) ?? 0;
    }
  }
  return { stack: stack.reverse(), values, thread };
}

class Locations {
  readonly #byId: ReadonlyMap<number, Buffer>;
  readonly #functionNames: ReadonlyMap<number, string>;
  readonly #files: ReadonlyMap<number, string>;
  readonly #known = new Map<number, readonly ImportedFrame[]>();

  constructor({ locations, functions, mappings }: Messages, text: (index: number) => string) {
    this.#byId = new Map(locations.map((message) => [numbersByField(message).get(1) ?? 0, message]));
    const named = (messages: readonly Buffer[], field: number): Map<number, string> =>
      new Map(
        messages.map((message) => {
          const fields = numbersByField(message);
          return [fields.get(1) ?? 0, text(fields.get(field) ?? 0)];
        }),
      );
    this.#functionNames = named(functions, 2);
    this.#files = named(mappings, 5);
  }

  /** Leaf first: what was inlined, then into what. */
  framesOf(id: number): readonly ImportedFrame[] {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const message = this.#byId.get(id);
    if (message === undefined) throw new Malformed('a sample of an unknown location');
    const frames = this.#read(message);
    this.#known.set(id, frames);
    return frames;
  }

  #read(message: Buffer): readonly ImportedFrame[] {
    const fields = numbersByField(message);
    const module = fileNameOf(this.#files.get(fields.get(2) ?? 0) ?? '');
    const kind = isKernelModule(module) ? 'kernel' : 'native';
    const names: string[] = [];
    for (const field of fieldsOf(message)) {
      if (field.number !== 4) continue;
      names.push(this.#functionNames.get(numbersByField(field.bytes).get(1) ?? 0) ?? '');
    }
    if (names.length === 0) names.push(`${module}+0x${(fields.get(3) ?? 0).toString(16)}`);
    return names.map((name) => ({ name, module, kind }));
  }
}

/** The single numbers of a message. A damaged one has those before the damage. */
function numbersByField(message: Buffer): ReadonlyMap<number, number> {
  const numbers = new Map<number, number>();
  try {
    for (const { number, value, bytes } of fieldsOf(message) as Iterable<Field>) {
      if (bytes.length === 0) numbers.set(number, value);
    }
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
  }
  return numbers;
}

/** Our own keys stand in comments, `key=value`; those of spans as `span.0.engine`. */
function metaOf(comments: readonly string[]): Facts | undefined {
  const pairs = comments.map((comment) => {
    const at = comment.indexOf('=');
    return [comment.slice(0, at), comment.slice(at + 1)] as const;
  });
  if (!pairs.some(([key, value]) => key === 'tool' && value.startsWith('prof-tui '))) return undefined;
  const meta: Record<string, unknown> = {};
  const spans: Record<string, unknown>[] = [];
  for (const [key, value] of pairs) {
    const [, at, ofSpan] = /^span\.(\d{1,3})\.(\w+)$/.exec(key) ?? [];
    if (ofSpan === undefined) meta[key] = readValue(value);
    else {
      spans[Number(at)] ??= {};
      (spans[Number(at)] as Record<string, unknown>)[ofSpan] = readValue(value);
    }
  }
  return spans.length > 0 ? { ...meta, spans: spans.filter((span) => span !== undefined) } : meta;
}

function readValue(text: string): string | number {
  return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text) ? Number(text) : text;
}
