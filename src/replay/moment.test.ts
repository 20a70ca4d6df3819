import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineSpan, SessionStatus } from '../engine/status.ts';
import { statusIn } from './moment.ts';
import { readSpans, readStatus } from './read-status.ts';

const span = (engine: string, startS: number, endS: number): EngineSpan =>
  readSpans([
    { engine, planned: engine, asked: 'auto', startNs: startS * 1e9, endNs: endS * 1e9 },
  ])[0] as EngineSpan;

const status: SessionStatus = {
  ...readStatus({ elapsedNs: 30e9 }),
  spans: [span('cpu', 0, 10), span('ctimer', 12, 30)],
};
const moments = Array.from({ length: 30 }, (_, i) => ({
  elapsedNs: (i + 1) * 1e9,
  cpuTimeNs: (i + 1) * 1e9,
  // The second engine sees half.
  weightNs: (i < 12 ? i + 1 : 12 + (i - 11) / 2) * 1e9,
}));

const at = (from: number, to: number): SessionStatus => statusIn(status, moments, from * 1e9, to * 1e9);
const engines = (of: SessionStatus): string[] => of.spans.map(({ engine }) => engine);

test('the banner of a moment: the engines that ran then, and what they accounted for', () => {
  assert.deepEqual([engines(at(2, 5)), at(2, 5).running], [['cpu'], 'cpu']);
  assert.equal(at(2, 5).accounting.accounted, 1);
  assert.deepEqual([engines(at(20, 30)), at(20, 30).running], [['ctimer'], 'ctimer']);
  assert.equal(at(20, 30).accounting.accounted, 0.5);
  assert.deepEqual(at(20, 30).accounting.cpuTimeNs, 10e9);
  assert.deepEqual(engines(at(8, 14)), ['cpu', 'ctimer']);
  assert.deepEqual(at(8, 14).moment, { fromNs: 8e9, toNs: 14e9 });
});

test('when nothing captured it is the engine before; a file without spans stays as it is', () => {
  assert.deepEqual(engines(at(10, 12)), ['cpu']);
  const unknown = { ...status, spans: [] };
  assert.equal(statusIn(unknown, moments, 0, 1e9), unknown);
  assert.equal(statusIn(status, [], 0, 1e9).accounting.accounted, undefined);
});
