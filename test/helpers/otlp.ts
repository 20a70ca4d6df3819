/** OTLP bodies as protoc decodes them with the protocol's own messages (test/record/otlp): no code of ours reads them. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type StackSums, sumStacks } from './exported.ts';

const protos = fileURLToPath(new URL('../record/otlp/', import.meta.url));
const messages = {
  file: ['profiles/v1development/profiles.proto', 'profiles.v1development.ProfilesData'],
  push: [
    'collector/profiles/v1development/profiles_service.proto',
    'collector.profiles.v1development.ExportProfilesServiceRequest',
  ],
} as const;

/** A message: each field with all its values. */
export interface Message {
  readonly [field: string]: readonly (Message | string | number)[];
}

export interface OtlpProfile {
  readonly attributes: ReadonlyMap<string, string | number>;
  readonly sampleType: string;
  readonly samples: readonly {
    readonly frames: readonly string[];
    readonly weightNs: number;
    readonly attributes: ReadonlyMap<string, string | number>;
  }[];
}

export interface OtlpData {
  readonly resource: ReadonlyMap<string, string | number>;
  readonly scope: string;
  readonly profiles: readonly OtlpProfile[];
  /** As protoc printed it. */
  readonly text: string;
  readonly dictionary: Message;
}

/** @throws when protoc does not know a field or cannot read the message */
export function decodeOtlp(bytes: Buffer, kind: keyof typeof messages = 'file'): OtlpData {
  const [file, message] = messages[kind];
  const args = ['-I', protos, `--decode=opentelemetry.proto.${message}`, `opentelemetry/proto/${file}`];
  const result = spawnSync('protoc', args, { input: bytes, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (result.status !== 0) throw new Error(`protoc ${args.join(' ')}: ${result.stderr}`);
  // A field that the messages do not have is printed as its number.
  const unknown = /^ *\d+:? .*$/m.exec(result.stdout);
  if (unknown) throw new Error(`unknown field: ${unknown[0]}`);
  return readData(parseTextFormat(result.stdout), result.stdout);
}

/** protobuf.dev, "Text Format", as protoc prints it: a field a line. */
function parseTextFormat(text: string): Message {
  const stack: Record<string, (Message | string | number)[]>[] = [{}];
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^ *(\w+)(.*)$/.exec(line) ?? [];
    const into = stack.at(-1) as (typeof stack)[number];
    if (rest === ' {') {
      const nested = {};
      into[name] = [...(into[name] ?? []), nested];
      stack.push(nested);
    } else if (rest.startsWith(': ')) {
      into[name] = [...(into[name] ?? []), scalar(rest.slice(2))];
    } else if (line.trim() === '}') stack.pop();
  }
  return stack[0] as Message;
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '"': '"',
  "'": "'",
  '\\': '\\',
};

/** A number, or the bytes of a string: those beyond ASCII are printed in octal. */
function scalar(text: string): string | number {
  if (!text.startsWith('"')) return Number(text);
  const latin1 = text
    .slice(1, -1)
    .replaceAll(/\\(?:([0-7]{3})|(.))/g, (_, octal: string | undefined, letter: string) =>
      octal === undefined ? (escapes[letter] ?? letter) : String.fromCharCode(Number.parseInt(octal, 8)),
    );
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

function readData(data: Message, text: string): OtlpData {
  const [resourceProfiles, dictionary] = [one(data, 'resource_profiles'), one(data, 'dictionary')];
  const scopes = one(resourceProfiles, 'scope_profiles');
  const scope = one(scopes, 'scope');
  const resource = (one(resourceProfiles, 'resource')['attributes'] ?? []) as Message[];
  return {
    resource: new Map(resource.map((pair) => [String(pair['key']?.[0]), anyValue(one(pair, 'value'))])),
    scope: `${scope['name']} ${scope['version']}`,
    profiles: ((scopes['profiles'] ?? []) as Message[]).map((profile) => readProfile(profile, dictionary)),
    text,
    dictionary,
  };
}

function readProfile(profile: Message, dictionary: Message): OtlpProfile {
  const strings = (dictionary['string_table'] ?? []) as string[];
  const at = (table: string, row: number): Message => {
    const found = dictionary[table]?.[row];
    if (found === undefined) throw new Error(`no row ${row} in ${table}`);
    return found as Message;
  };
  const index = (message: Message, field: string): number => Number(message[field]?.[0] ?? 0);
  const attributesOf = (message: Message): Map<string, string | number> =>
    new Map(
      ((message['attribute_indices'] ?? []) as number[]).map((row) => {
        const pair = at('attribute_table', row);
        return [strings[index(pair, 'key_strindex')] ?? '?', anyValue(one(pair, 'value'))];
      }),
    );
  const frameOf = (row: number): string => {
    const line = one(at('location_table', row), 'lines');
    return strings[index(at('function_table', index(line, 'function_index')), 'name_strindex')] ?? '?';
  };
  const [type] = (profile['sample_type'] ?? []) as Message[];
  return {
    attributes: attributesOf(profile),
    sampleType: ['type_strindex', 'unit_strindex']
      .map((field) => strings[index(type ?? {}, field)])
      .join(' '),
    samples: ((profile['samples'] ?? []) as Message[]).map((sample) => ({
      // Leaf first.
      frames: ((at('stack_table', index(sample, 'stack_index'))['location_indices'] ?? []) as number[])
        .map(frameOf)
        .reverse(),
      weightNs: index(sample, 'values'),
      attributes: attributesOf(sample),
    })),
  };
}

/** A message field that is there once, or not: then it has no fields. */
function one(message: Message, field: string): Message {
  const values = message[field] ?? [];
  if (values.length > 1) throw new Error(`${values.length} of ${field}`);
  return (values[0] ?? {}) as Message;
}

/** An `AnyValue`. */
function anyValue(any: Message): string | number {
  return Object.values(any)[0]?.[0] as string | number;
}

export function otlpStacks(profiles: readonly OtlpProfile[]): StackSums {
  return sumStacks(
    profiles.flatMap(({ samples }) => samples.map(({ frames, weightNs }) => [frames, weightNs] as const)),
  );
}
