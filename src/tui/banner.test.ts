import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticStatus } from '../../test/helpers/synthetic-session.ts';
import type { SessionStatus } from '../engine/status.ts';
import { bannerLines, noticeText, summaryLine } from './banner.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';
import { whyLines } from './why-lines.ts';

const theme = createTheme({ ascii: false, color: false });
const bare = (line: string) => line.replace(/\x1b\[[\d;]*m/g, '');

function banner(change: Partial<SessionStatus>, width = 140, isPaused = false): string[] {
  const context = { status: syntheticStatus(change), theme, isPaused, samplesSincePause: 1204, samples: 100 };
  return bannerLines(context, 2, width).map(bare);
}

test('asked, planned and running are three words, and the running one is the label', () => {
  const [, engine] = banner({
    asked: 'auto',
    planned: 'cpu',
    running: 'ctimer',
    mechanism: 'external snapshots',
    kernelPart: 'not-seen',
  });
  assert.equal(
    engine,
    'ENGINE  ctimer  user, kernel not named (external snapshots)  asked auto  planned cpu  accounted 99.6% of 82.1 s',
  );
});

test('processes that are followed are counted beside the threads', () => {
  assert.match(banner({ otherProcesses: 3 })[0] ?? '', / 4 thr {2}\+3 processes {2}/);
  assert.match(banner({ otherProcesses: 1 })[0] ?? '', / \+1 process {2}/);
  assert.doesNotMatch(banner({})[0] ?? '', /process/);
});

test('before the engine runs the banner says what is started, not what runs', () => {
  const [target, engine] = banner({ state: 'starting', running: undefined, mechanism: undefined });
  assert.match(target ?? '', /○ STARTING/);
  assert.match(engine ?? '', /^ENGINE {2}starting cpu …/);
});

test('a change under way is shown from old to new; a change of rate says the rate', () => {
  const to = (change: SessionStatus['switching']): string => banner({ switching: change })[1] ?? '';
  assert.match(to({ from: 'ctimer', to: 'cpu', hz: 99 }), /^ENGINE {2}ctimer → cpu … {2}/);
  assert.match(to({ from: 'cpu', to: 'cpu', hz: 199 }), /^ENGINE {2}cpu → 199 Hz … {2}/);
});

test('paused shows how many samples went by; ended shows why', () => {
  assert.match(banner({}, 140, true)[0] ?? '', /○ PAUSED \+1,204 samples/);
  assert.match(banner({ state: 'ended', endReason: 'target exited' })[0] ?? '', /■ ENDED \(target exited\)/);
});

test('at every width the line fits, and engine and accounted stay to the end', () => {
  for (let width = 20; width <= 200; width++) {
    const lines = banner({ lost: 3 }, width);
    for (const line of lines) assert.ok(cellWidth(line) <= width, `${line} in ${width}`);
    if (width >= 40) assert.match(lines[1] ?? '', /cpu .*accounted 99\.6%/);
  }
});

test('the runtime is named with the first two numbers of its versions', () => {
  const runtime = 'Node.js 20.20.2 / V8 11.3.244';
  assert.match(banner({ runtime }, 110)[1] ?? '', / Node\.js 20\.20 \/ V8 11\.3 {2}accounted/);
  assert.ok(!banner({ runtime }, 60)[1]?.includes('Node.js'));
});

test('the one-line banner of small screens names engine and accounted', () => {
  const context = { status: syntheticStatus(), theme, isPaused: false, samplesSincePause: 0, samples: 100 };
  assert.deepEqual(bannerLines(context, 1, 39).map(bare), ['node[4242] ● cpu acc 100% lost 0']);
  assert.deepEqual(bannerLines(context, 1, 14).map(bare), ['● cpu acc 100%']);
});

test('nothing unsafe of the target reaches the banner', () => {
  const target = { ...syntheticStatus().target, command: 'evil\x1b[2J\u202ename', name: 'x\x07' };
  assert.match(banner({ target })[0] ?? '', /evil·\[2J·name \[4242\]/);
});

test('the notice is the first warning and how many more there are; else too few samples; else nothing', () => {
  const [warning] = syntheticStatus().warnings;
  assert.ok(warning);
  const notice = (warnings: SessionStatus['warnings'], samples: number) =>
    noticeText({ status: syntheticStatus({ warnings }), isPaused: false, samplesSincePause: 0, samples });
  assert.equal(notice([warning], 0), warning.title);
  assert.equal(notice([warning, warning], 9), `${warning.title} (+1 more)`);
  assert.equal(notice([], 12), '12 samples: too few to rank');
  assert.equal(notice([], 30), undefined);
  assert.equal(notice([], 0), undefined);
});

test('the summary names the engine that ran, also after it stopped', () => {
  assert.equal(
    summaryLine(syntheticStatus({ state: 'stopped' })),
    'prof-tui: cpu (perf_events), accounted 99.6% of 82.1 s CPU, 12,483 samples, lost 0',
  );
  const none = syntheticStatus({ running: undefined, mechanism: undefined });
  assert.match(summaryLine(none), /^prof-tui: no engine ran, /);
});

test('why panel: the chosen gate and its whole cure are shown however small the panel', () => {
  const cure = `sudo ${'very-long-word-'.repeat(8)} end`;
  const gates = Array.from({ length: 9 }, (_, i) => ({
    name: `gate ${i}`,
    state: 'refused' as const,
    because: 'no',
    cure,
  }));
  const status = syntheticStatus({ gates });
  for (const [width, room] of [
    [96, 20],
    [36, 12],
  ] as const) {
    for (const chosen of [0, 4, 8]) {
      const lines = whyLines(status, chosen, theme, width, room);
      assert.ok(lines.length <= room);
      assert.equal(lines.find((line) => line.isChosen)?.text.slice(0, 8), `> gate ${chosen}`);
      const words = lines.map((line) => line.text.slice(11).trim()).join('');
      if (width === 96) assert.ok(words.includes('very-long-word-'.repeat(4)), words);
      assert.match(lines.at(-1)?.text ?? '', /esc close$/);
    }
  }
});

test('why panel: a warning brings its cure, unless the gate below has the same one', () => {
  const status = syntheticStatus();
  const [hidden] = status.warnings;
  assert.ok(hidden);
  const lost = { ...hidden, title: '31 samples lost', cure: 'prof-tui -F 49' };
  const text = whyLines({ ...status, warnings: [hidden, lost] }, 0, theme, 96, 30)
    .map((line) => line.text)
    .join('\n');
  assert.match(text, /31 samples lost; cure: prof-tui -F 49/);
  assert.equal(text.split('sudo sysctl').length, 1, 'not while its gate is not chosen');
});
