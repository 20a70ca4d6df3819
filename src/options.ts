/** Every command and option, declared once: parsing, `--help`, the README's table and completion come from here. */
import { parseArgs } from 'node:util';
import { type EngineAsk, engineAsks } from './engine/status.ts';
import { type DiffMeasure, diffMeasures } from './export/diff-report.ts';
import { type ThemeName, themeNames } from './tui/theme-colours.ts';

interface FormatSpec {
  /** Endings of a file that choose the format when `--format` is not given. */
  readonly endings: readonly string[];
  /** Binary ones never go to a terminal. */
  readonly isBinary: boolean;
  /** What reads it. */
  readonly help: string;
}

export const formatSpecs = {
  text: { endings: ['.txt'], isBinary: false, help: 'report for people; any other ending' },
  json: { endings: ['.json'], isBinary: false, help: 'summary and tree, a stable contract' },
  folded: { endings: ['.folded', '.collapsed'], isBinary: false, help: 'collapsed stacks: flamegraph.pl' },
  md: { endings: ['.md'], isBinary: false, help: 'report in Markdown' },
  speedscope: { endings: ['.speedscope.json', '.speedscope'], isBinary: false, help: 'speedscope.app' },
  pprof: { endings: ['.pb.gz', '.pprof'], isBinary: true, help: 'go tool pprof, Pyroscope, Parca' },
  html: { endings: ['.html'], isBinary: false, help: 'flame graph in one file, offline' },
  firefox: { endings: ['.firefox.json.gz', '.json.gz'], isBinary: true, help: 'profiler.firefox.com' },
  jfr: { endings: ['.jfr'], isBinary: true, help: 'JDK Mission Control, jfr, jfrconv' },
  cpuprofile: { endings: ['.cpuprofile'], isBinary: false, help: 'Chrome DevTools, VS Code' },
  otlp: { endings: ['.otlp', '.otlp.pb'], isBinary: true, help: 'OpenTelemetry profiles (ProfilesData)' },
  proftui: { endings: ['.proftui'], isBinary: true, help: 'recording: prof-tui open, export, diff' },
} as const satisfies Record<string, FormatSpec>;
export type Format = keyof typeof formatSpecs;
export const formats = Object.keys(formatSpecs) as Format[];

/** The format that a file's ending stands for, by the longest ending that fits; a report in plain text for any other. */
export function formatOf(path: string): Format {
  const endings = Object.entries<FormatSpec>(formatSpecs).flatMap(([name, { endings }]) =>
    endings.map((ending) => ({ ending, format: name as Format })),
  );
  const fitting = endings.filter(({ ending }) => path.endsWith(ending));
  return fitting.sort((a, b) => b.ending.length - a.ending.length)[0]?.format ?? 'text';
}

interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** What follows the name in help. */
  readonly value?: string;
  readonly help: string;
  /** It may stand in the config file: how to show and capture, not what and whereto. */
  readonly isSetting?: true;
}

export const optionSpecs = {
  engine: {
    type: 'string',
    short: 'e',
    value: engineAsks.join('|'),
    help: 'capture engine (default auto)',
    isSetting: true,
  },
  frequency: {
    type: 'string',
    short: 'F',
    value: 'HZ',
    help: 'samples per CPU second of a thread (default 99)',
    isSetting: true,
  },
  strict: { type: 'boolean', help: 'exit with code 4 if the engine asked for is refused', isSetting: true },
  'no-inject': {
    type: 'boolean',
    help: 'no code in the target: ctimer takes snapshots from outside',
    isSetting: true,
  },
  'follow-forks': { type: 'boolean', help: 'profile the processes that it starts, too, each under its node' },
  duration: {
    type: 'string',
    short: 'd',
    value: 'SECONDS',
    help: 'record: how long (default: until it ends or ^C)',
  },
  format: {
    type: 'string',
    short: 'f',
    value: 'FORMAT',
    help: 'record, export: format (default: by the ending)',
  },
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    help: 'record, export: file to write, - for standard output',
  },
  otlp: {
    type: 'string',
    value: 'URL',
    help: 'record, live view: send profiles to an OpenTelemetry receiver',
  },
  by: { type: 'string', value: diffMeasures.join('|'), help: 'diff: what is compared (default share)' },
  threads: { type: 'boolean', help: 'folded: keep stacks apart by thread' },
  ascii: { type: 'boolean', help: 'draw with ASCII characters only', isSetting: true },
  theme: { type: 'string', value: themeNames.join('|'), help: 'colours (default 16)', isSetting: true },
  'no-color': { type: 'boolean', help: 'the theme none (also NO_COLOR)' },
  help: { type: 'boolean', short: 'h', help: 'show this help' },
  version: { type: 'boolean', short: 'V', help: 'show the version' },
} as const satisfies Record<string, OptionSpec>;

export const commandSpecs = [
  ['prof-tui', 'pick a process from a list, live'],
  ['prof-tui PID', 'live view of a process, by pid or a unique part of its name'],
  ['prof-tui -- CMD ARG...', 'start a command under the live view; quitting ends it'],
  ['prof-tui record PID', 'record without a screen'],
  ['prof-tui record -- CMD ARG...', 'start a command and record it from its first instruction'],
  ['prof-tui open FILE', 'the same view of a file: a recording, or what another profiler wrote'],
  ['prof-tui export FILE', 'write a file in another format (-f, -o)'],
  ['prof-tui diff A B', 'what changed from file A to file B'],
  ['prof-tui doctor [PID]', 'what this machine allows, what it refuses and the cure'],
  ['prof-tui demo', 'start a small workload and attach to it'],
] as const;

export interface Options {
  readonly engine: EngineAsk;
  readonly frequencyHz: number;
  readonly strict: boolean;
  readonly noInject: boolean;
  readonly followForks: boolean;
  readonly durationNs: number | undefined;
  readonly format: Format | undefined;
  readonly output: string | undefined;
  /** An http(s) URL. */
  readonly otlp: string | undefined;
  readonly by: DiffMeasure;
  readonly threads: boolean;
  readonly ascii: boolean;
  readonly theme: ThemeName;
}

export type Invocation =
  | { readonly command: 'help' | 'version' }
  /** No process was named: the user picks one, where there is a screen. */
  | { readonly command: 'pick'; readonly options: Options }
  | { readonly command: 'live'; readonly target: string; readonly options: Options }
  | { readonly command: 'record'; readonly target: string; readonly options: Options }
  /** `record -- CMD` or `-- CMD`. */
  | {
      readonly command: 'record-launch' | 'live-launch';
      readonly argv: readonly string[];
      readonly options: Options;
    }
  | { readonly command: 'open' | 'export'; readonly file: string; readonly options: Options }
  | { readonly command: 'diff'; readonly files: readonly [string, string]; readonly options: Options }
  | { readonly command: 'doctor'; readonly target: string | undefined; readonly options: Options }
  | { readonly command: 'demo'; readonly options: Options };

/** Wrong use of the command line: exit code 2. */
export class UsageError extends Error {}

const longestRecordingS = 366 * 86400;
const fastestHz = 20_000;

/** Options as the config file gives them: below those of the command line. */
export type Settings = { readonly [name in keyof typeof optionSpecs]?: string | boolean };

export const settingNames: readonly string[] = Object.entries<OptionSpec>(optionSpecs)
  .filter(([, spec]) => spec.isSetting)
  .map(([name]) => name);

/** @returns what is wrong with a setting; undefined when nothing is */
export function checkSetting(name: string, value: string | number | boolean): string | undefined {
  if (!settingNames.includes(name)) return 'no such setting';
  const { type } = optionSpecs[name as keyof typeof optionSpecs];
  if ((type === 'boolean') !== (typeof value === 'boolean')) {
    return type === 'boolean' ? 'true or false is expected' : `not ${value}`;
  }
  try {
    readOptions({ [name]: typeof value === 'boolean' ? value : String(value) });
    return undefined;
  } catch (error) {
    return (error as Error).message.replace(`--${name} `, '');
  }
}

/**
 * @param argv without the program's own name
 * @param settings read only where a command needs options
 * @throws UsageError with one line that says what is wrong and what to do
 */
export function parseCommandLine(argv: readonly string[], settings: () => Settings = () => ({})): Invocation {
  const dashes = argv.indexOf('--');
  const ours = dashes < 0 ? argv : argv.slice(0, dashes);
  const launch = dashes < 0 ? undefined : argv.slice(dashes + 1);
  const { values, positionals } = parse(ours);
  if (values.help === true) return { command: 'help' };
  if (values.version === true) return { command: 'version' };
  const options = readOptions({ ...settings(), ...values });
  const [first, ...rest] = positionals;
  if (options.otlp !== undefined && ['open', 'export', 'diff', 'doctor'].includes(first ?? '')) {
    throw new UsageError(`--otlp goes with record and the live view: ${first} captures nothing`);
  }
  if (launch) return launchInvocation(first, rest, launch, options);
  switch (first) {
    case undefined:
      return { command: 'pick', options };
    case 'record':
      return {
        command: 'record',
        target: only(rest, 'record: which process? `prof-tui record PID`'),
        options,
      };
    case 'open':
    case 'export':
      return { command: first, file: onlyFile(first, rest), options };
    case 'diff': {
      const [a, b, third] = rest;
      if (a === undefined || b === undefined || third !== undefined) {
        throw new UsageError('diff compares two files: `prof-tui diff A B`');
      }
      return { command: 'diff', files: [a, b], options };
    }
    case 'doctor':
      return { command: 'doctor', target: rest.length > 0 ? only(rest, '') : undefined, options };
    case 'demo':
      if (rest.length > 0) throw new UsageError(`demo takes no argument: ${rest[0]}`);
      return { command: 'demo', options };
    default:
      return { command: 'live', target: only(positionals, ''), options };
  }
}

function launchInvocation(
  first: string | undefined,
  rest: readonly string[],
  argv: readonly string[],
  options: Options,
): Invocation {
  const isRecord = first === 'record';
  if ((first !== undefined && !isRecord) || rest.length > 0) {
    throw new UsageError(
      '`--` starts a command: `prof-tui -- CMD ARG...` or `prof-tui record -- CMD ARG...`',
    );
  }
  if (argv.length === 0) {
    throw new UsageError(`no command after \`--\`: \`prof-tui ${isRecord ? 'record ' : ''}-- CMD ARG...\``);
  }
  return { command: isRecord ? 'record-launch' : 'live-launch', argv, options };
}

type Values = { readonly [name in keyof typeof optionSpecs]?: string | boolean | undefined };

function parse(argv: readonly string[]): { values: Values; positionals: string[] } {
  try {
    return parseArgs({ args: [...argv], options: optionSpecs, allowPositionals: true });
  } catch (error) {
    const [line] = (error as Error).message.split(/[.\n]/);
    throw new UsageError(`${line}: see \`prof-tui --help\``);
  }
}

function readOptions(values: Values): Options {
  const seconds = number(values.duration, 'duration', 0.001, longestRecordingS);
  return {
    engine: choice(values.engine, 'engine', engineAsks) ?? 'auto',
    frequencyHz: number(values.frequency, 'frequency', 1, fastestHz) ?? 99,
    strict: values.strict === true,
    noInject: values['no-inject'] === true,
    followForks: values['follow-forks'] === true,
    durationNs: seconds === undefined ? undefined : seconds * 1e9,
    format: choice(values.format, 'format', formats),
    output: values.output === undefined ? undefined : String(values.output),
    otlp: httpUrl(values.otlp),
    by: choice(values.by, 'by', diffMeasures) ?? 'share',
    threads: values.threads === true,
    ascii: values.ascii === true,
    theme: values['no-color'] === true ? 'none' : (choice(values.theme, 'theme', themeNames) ?? '16'),
  };
}

function only(positionals: readonly string[], missing: string): string {
  const [first, second] = positionals;
  if (first === undefined) throw new UsageError(missing);
  if (second !== undefined) throw new UsageError(`one process at a time: what is ${JSON.stringify(second)}?`);
  return first;
}

function onlyFile(command: string, positionals: readonly string[]): string {
  const [file, second] = positionals;
  if (file === undefined) throw new UsageError(`${command}: which file? \`prof-tui ${command} FILE\``);
  if (second !== undefined)
    throw new UsageError(`${command}: one file at a time: what is ${JSON.stringify(second)}?`);
  return file;
}

function choice<T extends string>(value: unknown, name: string, allowed: readonly T[]): T | undefined {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`--${name} ${value}: one of ${allowed.join(', ')}`);
  return found;
}

function httpUrl(value: string | boolean | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(String(value)) ? new URL(String(value)) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url.href;
  throw new UsageError(`--otlp ${value}: an URL is expected, as http://localhost:4318`);
}

function number(value: unknown, name: string, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  const parsed = Number(value);
  if (String(value).trim() === '' || !(parsed >= least && parsed <= most)) {
    throw new UsageError(`--${name} ${value}: a number from ${least} to ${most}`);
  }
  return parsed;
}

/** The text of `--help`. */
export function helpText(): string {
  const commands = commandSpecs.map(([usage, help]) => `  ${usage.padEnd(32)}${help}\n`);
  const formatLines = Object.entries<FormatSpec>(formatSpecs).map(
    ([name, { endings, help }]) => `  ${name.padEnd(12)}${endings.join(' ').padEnd(30)}${help}\n`,
  );
  const usages = Object.entries<OptionSpec>(optionSpecs).map(([name, spec]) => {
    const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
    const value = spec.value === undefined ? '' : ` ${spec.value}`;
    return { usage: `${short}--${name}${value}`, help: spec.help };
  });
  const width = Math.max(...usages.map(({ usage }) => usage.length)) + 2;
  const options = usages.map(({ usage, help }) => `  ${usage.padEnd(width)}${help}\n`);
  return [
    'A live terminal profiler for any Linux process: never loses CPU time, never hides how it knows.\n\n',
    'Usage\n',
    ...commands,
    '\nFormats of record, by -f or by the ending of -o\n',
    ...formatLines,
    '\nOptions\n',
    ...options,
    '\nExit codes: 0 ok, 1 failure, 2 usage, 3 no such process, 4 not permitted;\n',
    '  `record -- CMD`: that of CMD (128 + N for signal N) when it ended by itself\n',
    'A command that still runs when you quit, or end its recording with ^C, is ended: SIGTERM, after 2 s SIGKILL.\n',
    'With -d it goes on.\n',
  ].join('');
}
