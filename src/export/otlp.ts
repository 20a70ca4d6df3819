/**
 * OTLP profiles (opentelemetry-proto, profiles/v1development/profiles.proto): one message that is a file (`ProfilesData`)
 * and the body of a push (`ExportProfilesServiceRequest` has the same fields). One `Profile` per engine span, so that the
 * keys of a span stand as attributes of what it saw; what holds for the target stands in the resource.
 */
import { createHash } from 'node:crypto';
import type { Thread } from '../profile/batch.ts';
import { type ProfileMeta, profileMeta, type SpanMeta } from './meta.ts';
import { type AttributeValue, OtlpDictionary, writeValue } from './otlp/dictionary.ts';
import { fields } from './otlp/fields.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { type SpanStacks, spanStacks } from './span-stacks.ts';
import { processThread, wholeSteps } from './stacks.ts';
import type { RunSummary } from './summary.ts';

/** @returns pieces of one message; made as a whole, since lengths stand before what they measure */
export function* writeOtlp(run: RunSummary): Generator<Uint8Array> {
  const meta = profileMeta(run);
  const dictionary = new OtlpDictionary(run.profile.tree);
  const whole = wholeSteps();
  const profiles = spanStacks(run, meta).map((span) => profileMessage(meta, span, dictionary, whole));
  yield* lengthDelimited(fields.data.resourceProfiles, [
    resourceMessage(run, meta),
    ...lengthDelimited(fields.resourceProfiles.scopeProfiles, [scopeMessage(run, meta), ...profiles.flat()]),
  ]);
  yield* lengthDelimited(fields.data.dictionary, dictionary.take());
}

/** Pieces as one field with their length before them, without a copy. */
function lengthDelimited(field: number, pieces: readonly Uint8Array[]): Uint8Array[] {
  const head = new ProtobufWriter();
  head.head(
    field,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );
  return [head.take(), ...pieces];
}

/** What stays the same for all that is sent of one target: receivers tell resources apart by it. */
function resourceMessage({ target }: RunSummary, meta: ProfileMeta): Uint8Array {
  const attributes: readonly (readonly [string, AttributeValue | null])[] = [
    // Names of OpenTelemetry's semantic conventions, where it has one.
    ['service.name', target.name],
    ['process.pid', meta.pid],
    ['process.executable.path', meta.exe],
    ['process.executable.name', meta.exe.slice(meta.exe.lastIndexOf('/') + 1)],
    ['process.creation.time', target.startedAt],
    ['os.type', 'linux'],
    ['os.version', meta.kernel],
    ['host.arch', hostArch[meta.arch] ?? meta.arch],
    ...(['tool', 'schema', 'pid', 'exe', 'kernel', 'arch', 'paranoid', 'kptr'] as const).map(
      (key) => [key, meta[key]] as const,
    ),
  ];
  const out = new ProtobufWriter();
  out.message(fields.resourceProfiles.resource, (resource) => {
    for (const [key, value] of attributes) {
      if (value === null || value === '') continue;
      resource.message(fields.resource.attributes, (pair) => {
        pair.text(fields.keyValue.key, key);
        pair.message(fields.keyValue.value, (any) => writeValue(any, value));
      });
    }
  });
  return out.take();
}

/** The convention's words for what uname(2) says. */
const hostArch: Readonly<Record<string, string>> = { x86_64: 'amd64', aarch64: 'arm64' };

function scopeMessage(run: RunSummary, meta: ProfileMeta): Uint8Array {
  const out = new ProtobufWriter();
  out.message(fields.scopeProfiles.scope, (scope) => {
    scope.text(fields.scope.name, meta.tool.split(' ')[0] ?? meta.tool);
    scope.text(fields.scope.version, run.version);
  });
  return out.take();
}

function profileMessage(
  meta: ProfileMeta,
  { span, threads }: SpanStacks,
  dictionary: OtlpDictionary,
  whole: (weightNs: number) => number,
): Uint8Array[] {
  const out = new ProtobufWriter();
  const valueType = (field: number): void =>
    out.message(field, (type) => {
      type.integer(fields.valueType.type, dictionary.string(span.unit));
      type.integer(fields.valueType.unit, dictionary.string('nanoseconds'));
    });
  valueType(fields.profile.sampleType);
  out.fixed64(
    fields.profile.time,
    BigInt(Date.parse(meta.start)) * 1_000_000n + BigInt(Math.round(span.startNs)),
  );
  out.integer(fields.profile.duration, Math.max(0, Math.round(span.endNs - span.startNs)));
  valueType(fields.profile.periodType);
  out.integer(fields.profile.period, span.periodNs);
  out.binary(fields.profile.id, profileId(meta, span));
  out.packed(fields.profile.attributes, attributesOf(meta, span, dictionary));
  for (const { thread, nodes, weightsNs } of threads) {
    const attributes = threadAttributes(thread, dictionary);
    for (let row = 0; row < nodes.length; row++) {
      const weightNs = whole(weightsNs[row] as number);
      if (weightNs === 0) continue;
      const stack = dictionary.stack(nodes[row] as number);
      out.message(fields.profile.samples, (sample) => {
        sample.integer(fields.sample.stack, stack);
        sample.packed(fields.sample.attributes, attributes);
        sample.packed(fields.sample.values, [weightNs]);
      });
    }
  }
  return lengthDelimited(fields.scopeProfiles.profiles, [out.take()]);
}

/** All keys, those of the span where it has them. */
function attributesOf(meta: ProfileMeta, span: SpanMeta, dictionary: OtlpDictionary): number[] {
  const { spans: _, ...whole } = meta;
  return Object.entries({ ...whole, ...span }).flatMap(([key, value]) => {
    if (value === null || value === undefined) return [];
    const plain = Array.isArray(value) ? value.join(' ') : (value as AttributeValue);
    return [dictionary.attribute(key, plain, key.endsWith('Ns') ? 'ns' : '')];
  });
}

/** Time that no sample carries is the process's, not a thread's. */
function threadAttributes(thread: Thread, dictionary: OtlpDictionary): number[] {
  if (thread === processThread) return [];
  return [dictionary.attribute('thread.id', thread.tid), dictionary.attribute('thread.name', thread.name)];
}

/** The same for the same span of the same run: a receiver can tell a body that was sent twice. */
function profileId(meta: ProfileMeta, span: SpanMeta): Uint8Array {
  const words = [meta.pid, meta.exe, meta.start, span.engine, span.startNs, span.endNs, span.weightNs];
  return createHash('sha256').update(words.join('\0')).digest().subarray(0, 16);
}
