import assert from 'node:assert/strict';
import { test } from 'node:test';
import { syntheticStatus } from '../../test/helpers/synthetic-session.ts';
import { engineLines } from './engine-lines.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';

const theme = createTheme({ ascii: false, color: false });
const ascii = createTheme({ ascii: true, color: false });
const status = syntheticStatus();
const refused = status.engines.findIndex((row) => row.runs === undefined);

const texts = (chosen: number, width: number, room: number, of = status, look = theme): string[] =>
  engineLines(of, chosen, look, width, room).map((line) => line.text);

test('a row per ask: what runs is marked, auto says what it would run, a refusal its reason', () => {
  const lines = texts(0, 84, 20);
  assert.match(lines[0] ?? '', /^ {4}NAME {7}SEES {18}STATE {7}WHY$/);
  assert.match(lines[1] ?? '', /^> {3}auto {7}most allowed here {5}→ cpu {7}the most that is allowed here$/);
  assert.match(lines[2] ?? '', /^ {2}● cpu {8}user \+ kernel {9}ACTIVE {6}perf_events$/);
  assert.match(lines[3] ?? '', /^ {4}cpu-clock {2}user only {13}ready {7}perf_events, exclude_kernel$/);
  assert.match(
    lines[4] ?? '',
    /^ {4}ctimer {5}all CPU, user frames {2}refused {5}the target is traced by 77$/,
  );
});

test('below stand the reason of the chosen row and its cure to copy, the rates, the keys', () => {
  const lines = texts(refused, 84, 20);
  assert.ok(lines.includes('ctimer is refused here: the target is traced by 77'), lines.join('\n'));
  assert.match(
    lines.find((line) => line.startsWith('to enable:')) ?? '',
    /^to enable: {2}end process 77 {20,}y copies this line$/,
  );
  assert.equal(lines.at(-2), 'rate  19  49 [99] 199  499  997  Hz');
  assert.match(lines.at(-1) ?? '', /^jk choose {3}⏎ switch {3}-\+ rate {3}r probe again {3}esc close$/);
  assert.ok(!texts(1, 84, 20).some((line) => line.includes('to enable')), 'no cure for what runs');
});

test('a switch under way marks the row it goes to; nothing is active after the end', () => {
  const switching = syntheticStatus({ switching: { from: 'cpu', to: 'cpu-clock', hz: 99 } });
  assert.match(texts(0, 84, 20, switching)[3] ?? '', / starts …/);
  const ended = texts(0, 84, 20, syntheticStatus({ state: 'ended' }));
  assert.ok(!ended.some((line) => line.includes('ACTIVE')), ended.join('\n'));
});

test('a rate between the steps is shown in its place, none beyond the limit', () => {
  const limited = syntheticStatus({ frequencyHz: 250, highestHz: 300 });
  assert.equal(texts(0, 84, 20, limited).at(-2), 'rate  19  49  99  199 [250] Hz');
});

test('at any size: lines fit, the chosen row, its reason and the way out are there', () => {
  for (const look of [theme, ascii]) {
    for (const width of [16, 35, 56, 76, 96]) {
      for (let room = 1; room <= 24; room++) {
        for (let chosen = 0; chosen < status.engines.length; chosen++) {
          const lines = engineLines(status, chosen, look, width, room);
          const where = `${width}x${room}, row ${chosen}`;
          assert.ok(lines.length <= room, where);
          for (const line of lines) assert.ok(cellWidth(line.text) <= width, `${where}: ${line.text}`);
          assert.match(lines.at(-1)?.text ?? '', /close/, where);
          if (room < 4) continue;
          assert.equal(lines.filter((line) => line.isChosen).length, 1, where);
          if (room >= 7 && width >= 35 && chosen === refused) {
            const text = lines.map((line) => line.text).join(' ');
            assert.match(text, /refused here: .*traced by 77.*end process 77/, where);
          }
        }
      }
    }
  }
});
