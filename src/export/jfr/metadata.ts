/**
 * The types that our JFR files declare, and the metadata event that declares them. JFR describes itself: a reader knows
 * nothing of a type but what stands here. No public specification exists; readable facts are OpenJDK's
 * jdk.jfr.internal.consumer.MetadataReader and async-profiler's jfrMetadata. Traps: docs/formats.md.
 */
import { ByteWriter } from '../../encoding/byte-writer.ts';

/** Ids are free, except that 0 and 1 are the metadata and checkpoint events. */
export const typeIds = {
  ...{ boolean: 4, int: 10, long: 11, 'java.lang.String': 20, 'java.lang.Class': 21, 'java.lang.Thread': 22 },
  ...{ 'jdk.types.ClassLoader': 23, 'jdk.types.FrameType': 24, 'jdk.types.ThreadState': 25 },
  ...{ 'jdk.types.StackTrace': 26, 'jdk.types.StackFrame': 27, 'jdk.types.Method': 28 },
  ...{ 'jdk.types.Package': 30, 'jdk.types.Symbol': 31 },
  ...{ 'jdk.ExecutionSample': 101, 'jdk.ActiveRecording': 107, 'jdk.ActiveSetting': 108 },
  ...{ 'jdk.jfr.Label': 201, 'jdk.jfr.Category': 202, 'jdk.jfr.ContentType': 203, 'jdk.jfr.Timestamp': 204 },
} as const;
export type TypeName = keyof typeof typeIds;

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const idOf = (type: TypeName): string => String(typeIds[type]);

function annotation(type: TypeName, attributes: Readonly<Record<string, string>> = {}): Element {
  return { name: 'annotation', attributes: { class: idOf(type), ...attributes }, children: [] };
}

const label = (value: string): Element => annotation('jdk.jfr.Label', { value });

/** The value itself stands in the row. */
function field(name: string, type: TypeName, ...children: readonly Element[]): Element {
  return { name: 'field', attributes: { name, class: idOf(type) }, children };
}

/** The row holds the key of a constant. */
function pooled(name: string, type: TypeName): Element {
  return { name: 'field', attributes: { name, class: idOf(type), constantPool: 'true' }, children: [] };
}

function list(name: string, type: TypeName): Element {
  return { name: 'field', attributes: { name, class: idOf(type), dimension: '1' }, children: [] };
}

function declared(
  type: TypeName,
  attributes: Readonly<Record<string, string>>,
  ...children: readonly Element[]
): Element {
  return { name: 'class', attributes: { name: type, id: idOf(type), ...attributes }, children };
}

const type = (name: TypeName, ...fields: readonly Element[]): Element => declared(name, {}, ...fields);
/** Of one field, which readers show in its place. */
const simple = (name: TypeName, ...fields: readonly Element[]): Element =>
  declared(name, { simpleType: 'true' }, ...fields);
/** Without the super type an event is silently absent in the JDK's tools. */
const event = (name: TypeName, ...children: readonly Element[]): Element =>
  declared(name, { superType: 'jdk.jfr.Event' }, ...children);
/** An annotation that is used and not declared makes the whole file unreadable. */
const annotationType = (name: TypeName, ...children: readonly Element[]): Element =>
  declared(name, { superType: 'java.lang.annotation.Annotation' }, ...children);

const startTime = field('startTime', 'long', annotation('jdk.jfr.Timestamp', { value: 'TICKS' }));

/** jfrconv reads ExecutionSample, ActiveSetting and the frames by position: their fields keep this order. */
const classes: readonly Element[] = [
  type('boolean'),
  type('int'),
  type('long'),
  type('java.lang.String'),
  type(
    'java.lang.Class',
    pooled('classLoader', 'jdk.types.ClassLoader'),
    pooled('name', 'jdk.types.Symbol'),
    pooled('package', 'jdk.types.Package'),
    field('modifiers', 'int'),
  ),
  type(
    'java.lang.Thread',
    field('osName', 'java.lang.String'),
    field('osThreadId', 'long'),
    field('javaName', 'java.lang.String'),
    field('javaThreadId', 'long'),
  ),
  type('jdk.types.ClassLoader', pooled('type', 'java.lang.Class'), pooled('name', 'jdk.types.Symbol')),
  simple('jdk.types.FrameType', field('description', 'java.lang.String')),
  simple('jdk.types.ThreadState', field('name', 'java.lang.String')),
  type('jdk.types.StackTrace', field('truncated', 'boolean'), list('frames', 'jdk.types.StackFrame')),
  type(
    'jdk.types.StackFrame',
    pooled('method', 'jdk.types.Method'),
    field('lineNumber', 'int'),
    field('bytecodeIndex', 'int'),
    pooled('type', 'jdk.types.FrameType'),
  ),
  type(
    'jdk.types.Method',
    pooled('type', 'java.lang.Class'),
    pooled('name', 'jdk.types.Symbol'),
    pooled('descriptor', 'jdk.types.Symbol'),
    field('modifiers', 'int'),
    field('hidden', 'boolean'),
  ),
  type('jdk.types.Package', pooled('name', 'jdk.types.Symbol')),
  simple('jdk.types.Symbol', field('string', 'java.lang.String')),
  event(
    'jdk.ExecutionSample',
    annotation('jdk.jfr.Category', { 'value-0': 'Java Virtual Machine', 'value-1': 'Profiling' }),
    label('Method Profiling Sample'),
    startTime,
    pooled('sampledThread', 'java.lang.Thread'),
    pooled('stackTrace', 'jdk.types.StackTrace'),
    pooled('state', 'jdk.types.ThreadState'),
  ),
  event(
    'jdk.ActiveRecording',
    annotation('jdk.jfr.Category', { 'value-0': 'Flight Recorder' }),
    label('Flight Recording'),
    startTime,
    field('id', 'long'),
    field('name', 'java.lang.String'),
    field('destination', 'java.lang.String'),
    field('recordingStart', 'long', annotation('jdk.jfr.Timestamp', { value: 'MILLISECONDS_SINCE_EPOCH' })),
  ),
  event(
    'jdk.ActiveSetting',
    annotation('jdk.jfr.Category', { 'value-0': 'Flight Recorder' }),
    label('Recording Setting'),
    startTime,
    field('id', 'long'),
    field('name', 'java.lang.String'),
    field('value', 'java.lang.String'),
  ),
  annotationType('jdk.jfr.Label', field('value', 'java.lang.String')),
  annotationType('jdk.jfr.Category', list('value', 'java.lang.String')),
  annotationType('jdk.jfr.ContentType'),
  annotationType('jdk.jfr.Timestamp', annotation('jdk.jfr.ContentType'), field('value', 'java.lang.String')),
];

const root: Element = {
  name: 'root',
  attributes: {},
  children: [
    { name: 'metadata', attributes: {}, children: classes },
    // Without a region the file cannot be read.
    { name: 'region', attributes: { locale: 'en_US', gmtOffset: '0' }, children: [] },
  ],
};

/** The body of the metadata event behind its size: type 0, time, duration, id, strings, tree. */
export function metadataEvent(startTicks: number): Uint8Array {
  const strings = new Map<string, number>();
  const tree = new ByteWriter();
  const indexOf = (text: string): number => {
    const index = strings.get(text) ?? strings.size;
    strings.set(text, index);
    return index;
  };
  const write = ({ name, attributes, children }: Element): void => {
    tree.varint(indexOf(name));
    const pairs = Object.entries(attributes);
    tree.varint(pairs.length);
    for (const pair of pairs) for (const text of pair) tree.varint(indexOf(text));
    tree.varint(children.length);
    children.forEach(write);
  };
  write(root);
  const body = new ByteWriter();
  for (const value of [0, startTicks, 0, 1, strings.size]) body.varint(value);
  for (const text of strings.keys()) writeString(body, text);
  body.bytes(tree.view());
  return body.take();
}

/** Encoding 3, UTF-8: the only one that every reader takes for every slot. */
export function writeString(out: ByteWriter, text: string): void {
  out.byte(3);
  out.text(text);
}

export function writeNullString(out: ByteWriter): void {
  out.byte(0);
}
