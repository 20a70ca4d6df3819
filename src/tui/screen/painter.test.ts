import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DOMElement } from 'ink';
import { Painter } from './painter.ts';

/** A writer whose turn ends when the test says so. */
class SlowWriter {
  isBusy = false;
  readonly sent: string[] = [];
  send(text: string): void {
    if (text === '') return;
    this.sent.push(text);
    this.isBusy = true;
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const size = { columns: 20, rows: 3 };

/** As much of an Ink box as the painter reads: where Yoga put it. */
function box(top: number, height: number): DOMElement {
  return {
    yogaNode: { getComputedTop: () => top, getComputedHeight: () => height },
    parentNode: undefined,
  } as unknown as DOMElement;
}

test('many changes in one turn are one frame', async () => {
  const writer = new SlowWriter();
  const painter = new Painter(writer, size);
  painter.setChrome('a');
  painter.setChrome('b');
  painter.soon();
  await turn();
  assert.equal(writer.sent.length, 1);
  assert.match(writer.sent[0] ?? '', /b/);
});

test('while a write is in flight frames are skipped, then the newest is drawn', async () => {
  const writer = new SlowWriter();
  const painter = new Painter(writer, size);
  painter.setChrome('first');
  await turn();
  for (const text of ['second', 'third', 'newest']) {
    painter.setChrome(text);
    await turn();
  }
  assert.equal(writer.sent.length, 1);
  writer.isBusy = false;
  painter.writerReady();
  await turn();
  assert.equal(writer.sent.length, 2);
  assert.match(writer.sent[1] ?? '', /newest/);
});

test('what waits for a slow terminal does not grow: one clear, the newest copy', async () => {
  const writer = new SlowWriter();
  const painter = new Painter(writer, size);
  painter.setChrome('first');
  await turn();
  for (let at = 1; at <= 50; at++) {
    painter.sendExtra(`<copy ${at}>`);
    painter.redraw(true);
    await turn();
  }
  writer.isBusy = false;
  painter.writerReady();
  await turn();
  assert.equal(writer.sent.length, 2);
  assert.match(writer.sent[1] ?? '', /^\x1b\[2J<copy 50>[^<]*first/);
  assert.equal(writer.sent[1]?.split('\x1b[2J').length, 2);
});

test('cursor codes and empty writes of Ink are no frames', async () => {
  const writer = new SlowWriter();
  const painter = new Painter(writer, size);
  painter.setChrome('picture');
  await turn();
  writer.isBusy = false;
  painter.setChrome('');
  painter.setChrome('\x1b[?25h');
  await turn();
  assert.equal(writer.sent.length, 1);
});

test('a region draws its lines until it is released; the mouse finds it', async () => {
  const writer = new SlowWriter();
  const painter = new Painter(writer, size);
  const clicks: string[] = [];
  const region = {
    row: (line: number) => `row ${line}`,
    mouse: (action: string, line: number, x: number) => void clicks.push(`${action} ${line} ${x}`),
  };
  const release = painter.claim(box(1, 2), region);
  painter.setChrome('top');
  await turn();
  assert.match(writer.sent[0] ?? '', /\x1b\[1;1Htop.*\x1b\[2;1Hrow 0.*\x1b\[3;1Hrow 1/);
  assert.equal(painter.heightOf(region), 2);
  painter.mouse('press', 7, 2);
  painter.mouse('press', 7, 0);
  assert.deepEqual(clicks, ['press 1 7']);
  const uncover = painter.cover(box(2, 1));
  painter.mouse('press', 7, 2);
  assert.deepEqual(clicks, ['press 1 7'], 'a popup takes the mouse');
  uncover();
  release();
  writer.isBusy = false;
  painter.setChrome('top\nchrome\nchrome');
  await turn();
  assert.match(writer.sent.at(-1) ?? '', /chrome/);
});

test('while held nothing is drawn; afterwards everything is', async () => {
  const writer = new SlowWriter();
  const painter = new Painter(writer, size);
  painter.hold(true);
  painter.setChrome('hidden');
  await turn();
  assert.deepEqual(writer.sent, []);
  painter.hold(false);
  await turn();
  assert.match(writer.sent[0] ?? '', /hidden/);
});
