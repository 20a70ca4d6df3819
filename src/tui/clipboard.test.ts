import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBytes } from './clipboard.ts';

const plain = '\x1b]52;c;bmFtZQ==\x07';

test('to a terminal as it is, to tmux both ways, through screen in strings that it keeps', () => {
  assert.equal(copyBytes('name', {}), plain);
  assert.equal(copyBytes('name', { TMUX: '/tmp/tmux' }), `${plain}\x1bPtmux;\x1b${plain}\x1b\\`);
  assert.equal(copyBytes('name', { STY: '1.prof' }), `\x1bP${plain}\x1b\\`);
  const long = copyBytes('x'.repeat(3000), { STY: '1.prof' });
  const chunks = [...long.matchAll(/\x1bP(.*?)\x1b\\/g)].map(([, chunk]) => chunk ?? '');
  assert.ok(chunks.every((chunk) => chunk.length <= 512));
  assert.equal(chunks.join(''), copyBytes('x'.repeat(3000), {}));
});

test('at most 100 kB', () => {
  const [, base64 = ''] = /c;(.*)\x07/.exec(copyBytes('x'.repeat(200_000), {})) ?? [];
  assert.equal(Buffer.from(base64, 'base64').length, 100_000);
});
