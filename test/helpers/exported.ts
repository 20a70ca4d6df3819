/**
 * Files of every format made from one profile, and independent readers that give their stacks back: what was written
 * must say what the tree says. Readers know the format's own documents or tools, never our writers.
 */
import { spawnSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { beginRun, summarizeRun } from '../../src/commands/run-summary.ts';
import { piecesOf } from '../../src/commands/write-format.ts';
import { loadNative } from '../../src/engine/native.ts';
import { CaptureSession } from '../../src/engine/session.ts';
import { describeTarget } from '../../src/engine/target.ts';
import type { RunSummary } from '../../src/export/summary.ts';
import type { Format } from '../../src/options.ts';
import type { RecordedNode, RecordedProfile } from './cli.ts';
import { withSteadyMachine } from './sysctl.ts';
import { paths } from './tree.ts';
import { waitForCpu } from './truth.ts';

/** Records a process as `record` does, and keeps the profile so that every format can be written from it. */
export function recordRun(pid: number, cpuSeconds: number, frequencyHz = 499): Promise<RunSummary> {
  return withSteadyMachine(async () => {
    const session = await CaptureSession.start({
      target: describeTarget(pid),
      asked: 'auto',
      strict: false,
      mayInject: true,
      frequencyHz,
      native: loadNative(),
      workerUrl: new URL('../../dist/symbolizer-worker.js', import.meta.url),
    });
    const begin = beginRun(session);
    await waitForCpu(pid, cpuSeconds * 1e9);
    await session.stop();
    return summarizeRun(session, begin);
  });
}

export function exported(format: Format, run: RunSummary, byThread = false): Buffer {
  const pieces = piecesOf(format, run, { byThread, program: new URL('../../dist/', import.meta.url) });
  return Buffer.concat(Array.from(pieces, (piece) => Buffer.from(piece as string)));
}

export function exportedJson(run: RunSummary): RecordedProfile {
  return JSON.parse(exported('json', run).toString('utf8')) as RecordedProfile;
}

/** Weight (or count) by stack: the names of its frames, root first, joined by `stackSeparator`. */
export type StackSums = ReadonlyMap<string, number>;
export const stackSeparator = '\u0001';

export function sumStacks(rows: Iterable<readonly [frames: readonly string[], weight: number]>): StackSums {
  const sums = new Map<string, number>();
  for (const [frames, weight] of rows) {
    const key = frames.join(stackSeparator);
    sums.set(key, (sums.get(key) ?? 0) + weight);
  }
  return sums;
}

export function totalOf(sums: StackSums): number {
  return [...sums.values()].reduce((sum, weight) => sum + weight, 0);
}

/** The stacks of the json tree: each node that has time of its own. */
export function treeStacks(tree: RecordedNode): StackSums {
  const own = [...paths(tree)].filter(({ node }) => node.selfNs > 0);
  return sumStacks(
    own.map(({ node, path }) => [path.slice(1).map((each) => each.name), node.selfNs] as const),
  );
}

/** speedscope's file-format-schema.json: frames by index, root first. */
interface SpeedscopeFile {
  readonly $schema: string;
  readonly exporter: string;
  readonly name: string;
  readonly activeProfileIndex: number;
  readonly shared: { readonly frames: readonly { readonly name: string; readonly file?: string }[] };
  readonly profiles: readonly {
    readonly type: string;
    readonly name: string;
    readonly unit: string;
    readonly startValue: number;
    readonly endValue: number;
    readonly samples: readonly (readonly number[])[];
    readonly weights: readonly number[];
  }[];
  readonly 'x-prof-tui': Readonly<Record<string, unknown>>;
}

export function parseSpeedscope(bytes: Buffer): SpeedscopeFile {
  return JSON.parse(bytes.toString('utf8')) as SpeedscopeFile;
}

export function speedscopeStacks({ profiles, shared }: SpeedscopeFile): StackSums {
  return sumStacks(
    profiles.flatMap(({ samples, weights }) =>
      samples.map(
        (stack, i) =>
          [stack.map((frame) => shared.frames[frame]?.name ?? '?'), weights[i] ?? Number.NaN] as const,
      ),
    ),
  );
}

export interface HtmlReport {
  readonly policy: string;
  /** The inline scripts and styles that a browser would run. */
  readonly script: string;
  readonly style: string;
  /** What stands outside of them, the profile's JSON included. */
  readonly rest: string;
  readonly profile: {
    readonly functions: readonly (readonly [string, number, number])[];
    readonly parents: readonly number[];
    readonly nodeFunctions: readonly number[];
    readonly selfNs: readonly number[];
  };
}

/** Takes a report apart as HTML's parser does: a script ends at the first `</script`, whatever it holds. */
export function parseHtml(bytes: Buffer): HtmlReport {
  const text = bytes.toString('utf8');
  const between = (open: string, close: string): string => {
    const [before, after, ...more] = text.split(open);
    if (before === undefined || after === undefined || more.length > 0) throw new Error(`not one ${open}`);
    return after.slice(0, after.indexOf(close));
  };
  const [script, style] = [between('<script>', '</script'), between('<style>', '</style')];
  return {
    policy: between('http-equiv="Content-Security-Policy" content="', '"'),
    script,
    style,
    rest: text.replace(script, '').replace(style, ''),
    profile: JSON.parse(between('type="application/json">', '</script')) as HtmlReport['profile'],
  };
}

/** Weights by stack, fractions of a ns included. */
export function htmlStacks({ functions, parents, nodeFunctions, selfNs }: HtmlReport['profile']): StackSums {
  const nameOf = (node: number): string => functions[nodeFunctions[node] ?? -1]?.[0] ?? '?';
  const pathTo = (node: number): string[] => {
    const path: string[] = [];
    for (let at = node; at > 0; at = parents[at] ?? -1) path.unshift(nameOf(at));
    return path;
  };
  return sumStacks(selfNs.flatMap((ns, node) => (ns > 0 ? [[pathTo(node), ns] as const] : [])));
}

interface Table {
  readonly length: number;
  readonly [column: string]: readonly (number | string | null)[] | number | string;
}

type FirefoxThread = Readonly<Record<'samples' | 'stackTable' | 'frameTable' | 'funcTable', Table>> &
  Readonly<Record<'resourceTable' | 'nativeSymbols' | 'markers', Table>> & {
    readonly name: string;
    readonly tid: number;
    readonly pid: string;
  };

/** firefox-devtools/profiler, src/types/profile.ts: what we read of it. */
interface FirefoxProfile {
  readonly meta: {
    readonly preprocessedProfileVersion: number;
    readonly startTime: number;
    readonly interval: number;
    readonly product: string;
    readonly importedFrom: string;
    readonly categories: readonly { readonly name: string }[];
    readonly markerSchema: readonly {
      readonly name: string;
      readonly fields: readonly { readonly key: string }[];
    }[];
    readonly extra: readonly {
      readonly entries: readonly { readonly label: string; readonly value: string }[];
    }[];
  };
  readonly shared: { readonly stringArray: readonly string[] };
  readonly threads: readonly FirefoxThread[];
}

export function parseFirefox(bytes: Buffer): FirefoxProfile {
  return JSON.parse(gunzipSync(bytes).toString('utf8')) as FirefoxProfile;
}

/** A column, which must be as long as its table says. */
export function columnOf<T>(table: Table, name: string): readonly T[] {
  const column = table[name];
  if (!Array.isArray(column) || column.length !== table.length)
    throw new Error(`column ${name} is not whole`);
  return column as readonly T[];
}

/** Weights in ns by stack; a row without a stack carries nothing. */
export function firefoxStacks({ threads, shared }: FirefoxProfile): StackSums {
  return sumStacks(
    threads.flatMap((thread) => {
      const weights = columnOf<number>(thread.samples, 'weight');
      return columnOf<number | null>(thread.samples, 'stack').flatMap((stack, i) =>
        stack === null
          ? []
          : [[firefoxPath(thread, stack, shared.stringArray), Math.round((weights[i] ?? 0) * 1e6)] as const],
      );
    }),
  );
}

function firefoxPath(thread: FirefoxThread, stack: number, strings: readonly string[]): string[] {
  const path: string[] = [];
  const prefixes = columnOf<number | null>(thread.stackTable, 'prefix');
  for (let at: number | null = stack; at !== null; at = prefixes[at] ?? null) {
    const frame = columnOf<number>(thread.stackTable, 'frame')[at] ?? -1;
    const func = columnOf<number>(thread.frameTable, 'func')[frame] ?? -1;
    path.unshift(strings[columnOf<number>(thread.funcTable, 'name')[func] ?? -1] ?? '?');
  }
  return path;
}

/** What `go tool pprof` prints of a file. */
export function goPprof(file: string, ...flags: string[]): string {
  const args = ['tool', 'pprof', '-symbolize=none', ...flags, file];
  const result = spawnSync('go', args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`go ${args.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

export interface PprofSample {
  readonly frames: readonly string[];
  readonly samples: number;
  readonly weightNs: number;
  readonly labels: string;
}

/** The samples that `go tool pprof -raw` prints; no name may hold a line end. */
export function pprofSamples(file: string): PprofSample[] {
  const raw = goPprof(file, '-raw');
  const names = new Map(
    Array.from(
      raw.matchAll(/^ +(\d+): 0x[0-9a-f]+ (?:M=\d+ )?(.*) :0(?::0)? s=0(?:\(.*\))?$/gm),
      ([, id, name]) => [id ?? '', name ?? ''],
    ),
  );
  const samples = raw.matchAll(/^ +(\d+) +(\d+): ([\d ]+?) *\n((?: {16}.*\n)*)/gm);
  return Array.from(samples, ([, count, weight, ids, labels]) => ({
    // Printed leaf first.
    frames: (ids ?? '')
      .split(' ')
      .map((id) => names.get(id) ?? `no location ${id}`)
      .reverse(),
    samples: Number(count),
    weightNs: Number(weight),
    labels: labels ?? '',
  }));
}

/** What `jfr print --json` says of an execution sample; frames leaf first. */
interface JfrSample {
  readonly values: {
    readonly startTime: string;
    readonly sampledThread: { readonly osName: string; readonly osThreadId: number };
    readonly state: string;
    readonly stackTrace: {
      readonly truncated: boolean;
      readonly frames: readonly {
        readonly type: string;
        readonly method: { readonly name: string; readonly type: { readonly name: string } };
      }[];
    };
  };
}

interface JfrSetting {
  readonly values: { readonly startTime: string; readonly name: string; readonly value: string };
}

/** The tools of the JDK, in their words. Stacks are cut at 5 frames unless told otherwise. */
export function jfr(file: string, command: 'print' | 'summary', ...flags: string[]): string {
  const result = spawnSync('jfr', [command, ...flags, file], { encoding: 'utf8', maxBuffer: 1 << 30 });
  if (result.status !== 0) throw new Error(`jfr ${command} ${flags.join(' ')}: ${result.stderr}`);
  return result.stdout;
}

function jfrEvents<E>(file: string, event: string): readonly E[] {
  const text = jfr(file, 'print', '--json', '--stack-depth', '10000', '--events', event);
  return (JSON.parse(text) as { recording: { events: readonly E[] } }).recording.events;
}

export function jfrSamples(file: string): readonly JfrSample['values'][] {
  return jfrEvents<JfrSample>(file, 'jdk.ExecutionSample').map(({ values }) => values);
}

/** Settings by name, one map per chunk in the order of the file. */
export function jfrSettings(file: string): ReadonlyMap<string, string>[] {
  const chunks: Map<string, string>[] = [];
  let before = '';
  for (const { values } of jfrEvents<JfrSetting>(file, 'jdk.ActiveSetting')) {
    if (values.startTime !== before) chunks.push(new Map());
    before = values.startTime;
    const chunk = chunks.at(-1) as Map<string, string>;
    if (chunk.has(values.name)) throw new Error(`setting ${values.name} stands twice`);
    chunk.set(values.name, values.value);
  }
  return chunks;
}

export function jfrStacks(samples: readonly JfrSample['values'][]): StackSums {
  return sumStacks(
    samples.map(
      ({ stackTrace }) => [stackTrace.frames.map(({ method }) => method.name).reverse(), 1] as const,
    ),
  );
}
