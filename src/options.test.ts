import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatOf,
  formatSpecs,
  formats,
  helpText,
  optionSpecs,
  parseCommandLine,
  UsageError,
} from './options.ts';

const usageErrors: readonly (readonly [argv: readonly string[], says: RegExp])[] = [
  [['record'], /which process/],
  [['1', '2'], /one process at a time/],
  [['--frequency', '0', '1'], /number from 1/],
  [['-F', 'fast', '1'], /number from 1/],
  [['-F', '', '1'], /number from 1/],
  [['--duration=-3', 'record', '1'], /duration/],
  [['-e', 'warp', '1'], /one of auto, cpu/],
  [['-f', 'png', 'record', '1'], /one of text, json, folded/],
  [['--what', '1'], /Unknown option/],
  [['record', '--'], /no command after/],
  [['--'], /no command after/],
  [['4242', '--', 'true'], /record -- CMD/],
  [['record', '4242', '--', 'true'], /record -- CMD/],
  [['demo', 'x'], /demo takes no argument/],
  [['open'], /which file/],
  [['open', 'a', 'b'], /one file at a time/],
  [['export'], /which file/],
  [['diff', 'a'], /two files/],
  [['diff', 'a', 'b', 'c'], /two files/],
  [['diff', 'a', 'b', '--by', 'samples'], /one of share, time/],
  [['record', '1', '--otlp', 'localhost:4318'], /^--otlp localhost:4318: an URL is expected/],
  [['export', 'a', '--otlp', 'http://localhost:4318'], /^--otlp goes with record and the live view/],
];

for (const [argv, says] of usageErrors) {
  test(`usage error: prof-tui ${argv.join(' ')}`, () => {
    assert.throws(
      () => parseCommandLine(argv),
      (error: Error) =>
        error instanceof UsageError && says.test(error.message) && !error.message.includes('\n'),
    );
  });
}

test('without a process the user picks one, with the options given', () => {
  const invocation = parseCommandLine(['-e', 'wall']);
  assert.ok(invocation.command === 'pick');
  assert.equal(invocation.options.engine, 'wall');
});

test('defaults: auto, 99 Hz, no end', () => {
  const invocation = parseCommandLine(['4242']);
  assert.equal(invocation.command, 'live');
  assert.ok('options' in invocation);
  assert.deepEqual([invocation.options.engine, invocation.options.frequencyHz], ['auto', 99]);
  assert.equal(invocation.options.durationNs, undefined);
  assert.equal(invocation.options.followForks, false);
});

test('options may stand anywhere, and everything after -- belongs to the command', () => {
  const invocation = parseCommandLine(['record', '-d', '1.5', '--', 'sh', '-c', 'exit 3', '-F']);
  assert.ok(invocation.command === 'record-launch');
  assert.deepEqual(invocation.argv, ['sh', '-c', 'exit 3', '-F']);
  assert.equal(invocation.options.durationNs, 1.5e9);
});

test('-- alone starts the command under the live view', () => {
  const invocation = parseCommandLine(['-F', '499', '--follow-forks', '--', 'record', '--', 'x']);
  assert.ok(invocation.command === 'live-launch');
  assert.deepEqual(invocation.argv, ['record', '--', 'x']);
  assert.equal(invocation.options.followForks, true);
});

test('help names every option', () => {
  for (const name of Object.keys(optionSpecs)) assert.match(helpText(), new RegExp(`--${name}\\b`));
});

test('help names every format with its endings', () => {
  for (const format of formats) {
    const [ending] = formatSpecs[format].endings;
    assert.match(helpText(), new RegExp(`^  ${format} +\\${ending}`, 'm'));
  }
});

test('help: what an option is for never touches its name', () => {
  for (const { help } of Object.values(optionSpecs)) assert.ok(helpText().includes(` ${help}\n`), help);
});

const endings: readonly (readonly [path: string, format: string])[] = [
  ['out.json', 'json'],
  ['out.speedscope.json', 'speedscope'],
  ['out.firefox.json.gz', 'firefox'],
  ['out.pb.gz', 'pprof'],
  ['out.folded', 'folded'],
  ['out.md', 'md'],
  ['out.html', 'html'],
  ['out.jfr', 'jfr'],
  ['out.txt', 'text'],
  ['out', 'text'],
  ['-', 'text'],
];

for (const [path, format] of endings) {
  test(`ending: ${path} is ${format}`, () => {
    assert.equal(formatOf(path), format);
  });
}
