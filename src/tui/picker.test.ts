import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProcessRow } from '../engine/process-list.ts';
import type { ProcessLook } from '../engine/process-look.ts';
import { Picker } from './picker.ts';
import { pickerPicture } from './picker-lines.ts';
import { cellWidth } from './text.ts';
import { createTheme } from './theme.ts';

function row(pid: number, change: Partial<ProcessRow> = {}): ProcessRow {
  return {
    pid,
    name: `prog${pid}`,
    command: `prog${pid} --serve`,
    user: 'app',
    container: '',
    runtime: '',
    threads: 3,
    residentBytes: 212 * 2 ** 20,
    cpuTimeNs: 0,
    cpuShare: 0,
    ...change,
  };
}

const runs: ProcessLook = {
  runs: 'ctimer (timer_create in the target)',
  limits: [{ because: 'perf_event_paranoid=2, needs ≤ 1', cure: 'sudo sysctl kernel.perf_event_paranoid=1' }],
};
const refused: ProcessLook = {
  runs: undefined,
  limits: [{ because: 'the target belongs to uid 0', cure: 'sudo prof-tui 9' }],
};

function open(first: readonly ProcessRow[], looks: Readonly<Record<number, ProcessLook | undefined>> = {}) {
  const did: string[] = [];
  let rows = first;
  let now = 0;
  const picker = new Picker(
    { read: () => rows, look: (pid) => (pid in looks ? looks[pid] : runs) },
    {
      pick: (pid) => did.push(`pick ${pid}`),
      quit: () => did.push('quit'),
      suspend: () => did.push('suspend'),
      redraw: () => did.push('redraw'),
      copy: (text) => did.push(`copy ${text}`),
    },
  );
  picker.refresh(now);
  return {
    picker,
    did,
    press: (...keys: readonly string[]) => {
      for (const key of keys) picker.key(key, now);
    },
    later: (ms: number, next: readonly ProcessRow[]) => {
      now += ms;
      rows = next;
      picker.refresh(now);
    },
  };
}

const order = (picker: Picker) => picker.rows.map(({ pid }) => pid);

test('hottest first; before there are two readings, by CPU time so far', () => {
  const { picker, later } = open([
    row(1, { cpuShare: undefined, cpuTimeNs: 5 }),
    row(2, { cpuShare: undefined, cpuTimeNs: 9 }),
  ]);
  assert.deepEqual(order(picker), [2, 1]);
  later(1000, [row(1, { cpuShare: 0.9 }), row(2, { cpuShare: 0.1 })]);
  assert.deepEqual(order(picker), [1, 2]);
});

test('the cursor stays on its process, and rows are not reshuffled right after a key', () => {
  const { picker, press, later } = open([row(1, { cpuShare: 0.9 }), row(2, { cpuShare: 0.5 }), row(3)]);
  press('down');
  assert.equal(picker.selected?.pid, 2);
  const hot = [row(1), row(2, { cpuShare: 0.2 }), row(3, { cpuShare: 0.8 })];
  later(500, hot);
  assert.deepEqual(order(picker), [1, 2, 3]);
  later(1000, hot);
  assert.deepEqual(order(picker), [3, 2, 1]);
  assert.equal(picker.selected?.pid, 2);
});

test('typing narrows by every word: command, user, container, pid', () => {
  const { picker, press } = open([
    row(10, { command: 'node server.js', user: 'app', container: 'docker 3f2a1b4c5d6e' }),
    row(20, { command: 'node other.js', user: 'root' }),
    row(30, { command: 'redis', user: 'app' }),
  ]);
  for (const [filter, left] of [
    ['NODE', [10, 20]],
    ['node app', [10]],
    ['docker', [10]],
    ['30', [30]],
    ['nothing', []],
  ] as const) {
    press(
      'ctrl+u',
      ...filter
        .replaceAll(' ', '\u0000')
        .split('')
        .map((key) => (key === '\u0000' ? 'space' : key)),
    );
    assert.deepEqual(order(picker), left, filter);
  }
  assert.equal(picker.selected, undefined);
});

test('letters are text: q and j do not command; esc clears, then quits', () => {
  const { picker, press, did } = open([row(1)]);
  press('q', 'j');
  assert.equal(picker.filter, 'qj');
  press('escape');
  assert.deepEqual([picker.filter, did], ['', []]);
  press('escape');
  assert.deepEqual(did, ['quit']);
});

test('Enter picks what is under the cursor; a second click does, too', () => {
  const { picker, press, did } = open([row(1, { cpuShare: 0.9 }), row(2)]);
  press('down', 'enter');
  picker.click(0);
  picker.click(0);
  assert.deepEqual(did, ['pick 2', 'pick 1']);
  press('x', 'y', 'enter');
  assert.equal(picker.message, 'no process to pick');
});

test('^Y copies the cure of the process under the cursor, once it is known', () => {
  const { picker, press, did } = open([row(1)]);
  press('ctrl+y');
  assert.equal(picker.message, 'there is no cure to copy');
  picker.look();
  press('ctrl+y');
  assert.deepEqual(did, ['copy sudo sysctl kernel.perf_event_paranoid=1']);
});

test('the picture says which engine would run and why not more', () => {
  const { picker } = open([row(7, { cpuShare: 0.987 }), row(9)], { 9: refused });
  const theme = createTheme({ ascii: false, color: false });
  const text = () => pickerPicture(picker, { columns: 100, rows: 24 }, theme).lines.join('\n');
  assert.match(text(), /prog7 \[7\]: looking/);
  picker.look();
  assert.match(text(), /prog7 \[7\]: would run ctimer \(timer_create in the target\)/);
  assert.match(text(), /▲ perf_event_paranoid=2, needs ≤ 1/);
  assert.match(text(), /to see more: sudo sysctl kernel\.perf_event_paranoid=1/);
  assert.match(text(), /> 98\.7% {4}212M {5}3 {8}7 {2}app/);
  picker.move(1);
  picker.look();
  assert.match(text(), /prog9 \[9\]: no engine can run/);
});

test('every size: as many lines as there are rows, none too wide, the cursor among them; hostile text stays text', () => {
  const hostile = row(3, {
    command: `\u001b[2J日本語\u202e${'long '.repeat(900)}`,
    user: '\u0007',
    cpuShare: 0.5,
  });
  const many = Array.from({ length: 200 }, (_, at) => row(100 + at));
  const { picker, press } = open([hostile, ...many]);
  press('end');
  picker.look();
  for (const ascii of [false, true]) {
    const theme = createTheme({ ascii, color: false });
    for (const [columns, rows] of [
      [100, 30],
      [80, 24],
      [40, 12],
      [20, 4],
      [300, 100],
      [1, 1],
    ] as const) {
      const { lines } = pickerPicture(picker, { columns, rows }, theme);
      const plain = lines.map((line) => line.replace(/\u001b\[[\d;]*m/g, ''));
      assert.ok(lines.length <= rows, `${columns}x${rows}`);
      if (columns < 20) continue;
      for (const line of plain) assert.ok(cellWidth(line) < columns, `${columns}x${rows}: ${line}`);
      assert.ok(
        plain.some((line) => line.startsWith('>')),
        `${columns}x${rows}\n${plain.join('\n')}`,
      );
      assert.doesNotMatch(plain.join(''), /[\u0000-\u001f\u007f-\u009f\u202e]/);
      if (ascii) assert.match(plain.join(''), /^[ -~]*$/);
    }
    press('home');
  }
});

test('where no engine can run the list stays and says so; by key and by click', () => {
  const { picker, did, press } = open([row(9, { cpuShare: 1 }), row(2)], { 9: refused });
  press('enter');
  picker.window(10);
  picker.click(0);
  assert.deepEqual(did, []);
  assert.equal(picker.message, 'no engine can run on prog9 [9]: ^Y copies what would help');
  press('ctrl+y', 'down', 'enter');
  assert.deepEqual(did, ['copy sudo prof-tui 9', 'pick 2']);
});

test('one that has ended before the list was read again is not picked, and that is said', () => {
  const { picker, did, press } = open([row(7, { cpuShare: 0.5, name: 'gone\x1b[2J' }), row(8)], {
    7: undefined,
  });
  picker.look();
  assert.equal(picker.lookOf(7), undefined);
  press('enter');
  assert.deepEqual(did, []);
  assert.equal(picker.message, 'gone\x1b[2J [7] has ended');
  const theme = createTheme({ ascii: false, color: false });
  const { lines } = pickerPicture(picker, { columns: 100, rows: 30 }, theme);
  assert.match(lines.at(-1) ?? '', /gone·\[2J \[7\] has ended/);
  press('down', 'enter');
  assert.deepEqual(did, ['pick 8']);
});
