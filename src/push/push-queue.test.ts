/** The queue against receivers that take, refuse, are away or hang: nothing waits for it, nothing goes uncounted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from './post.ts';
import { PushQueue } from './push-queue.ts';

const taken: Answer = { kind: 'taken', body: Buffer.alloc(0) };
const away: Answer = { kind: 'again', because: 'connection refused' };

interface Rig {
  readonly queue: PushQueue;
  readonly news: string[];
  readonly sent: number[];
}

/** @param answers to each try, the last one for all further ones */
function rig(answers: readonly (Answer | Promise<Answer>)[], mostBytes = 1000): Rig {
  const news: string[] = [];
  const sent: number[] = [];
  let tries = 0;
  const queue = new PushQueue({
    post: async (body) => {
      sent.push(body[0] as number);
      return answers[Math.min(tries++, answers.length - 1)] as Answer;
    },
    remarkOf: (body) => (body.length > 0 ? body.toString() : undefined),
    onNews: (line) => news.push(line),
    ...{ mostBytes, firstPauseMs: 1, longestPauseMs: 4 },
  });
  return { queue, news, sent };
}

const parcel = (name: number, bytes = 10) => ({ body: new Uint8Array(bytes).fill(name), samples: name });

test('all are sent in their order, and counted', async () => {
  const { queue, sent, news } = rig([taken]);
  for (const name of [1, 2, 3]) queue.add(parcel(name));
  await queue.end(5000);
  assert.deepEqual(sent, [1, 2, 3]);
  assert.deepEqual(queue.sent, { parcels: 3, samples: 6 });
  assert.deepEqual(news, []);
});

test('a receiver that is away for a while gets everything; going and coming back are told once', async () => {
  const { queue, sent, news } = rig([away, away, away, taken]);
  queue.add(parcel(1));
  queue.add(parcel(2));
  await queue.end(5000);
  assert.deepEqual(sent, [1, 1, 1, 1, 2]);
  assert.deepEqual(queue.sent, { parcels: 2, samples: 3 });
  assert.deepEqual(news, [
    '▲ OTLP: connection refused; what is not sent is kept and tried again',
    'OTLP: the receiver is back',
  ]);
});

test('what is refused is not tried again, and does not hold up what follows', async () => {
  const { queue, sent, news } = rig([{ kind: 'refused', because: 'it answers 400 Bad Request' }, taken]);
  queue.add(parcel(1));
  queue.add(parcel(2));
  await queue.end(5000);
  assert.deepEqual(sent, [1, 2]);
  assert.deepEqual(
    [queue.refused, queue.sent],
    [
      { parcels: 1, samples: 1 },
      { parcels: 1, samples: 2 },
    ],
  );
  assert.deepEqual(news, ['▲ OTLP: it answers 400 Bad Request: not taken']);
});

test('bounded: while the receiver is away the oldest go, counted and said once', async () => {
  const { queue, news } = rig([away], 50);
  for (let name = 1; name <= 9; name++) queue.add(parcel(name, 20));
  assert.deepEqual(queue.waiting, { parcels: 2, samples: 8 + 9 });
  assert.deepEqual(queue.dropped, { parcels: 7, samples: 28 });
  await queue.end(20);
  assert.equal(news.filter((line) => line.includes('dropped')).length, 1);
  assert.deepEqual(queue.waiting, { parcels: 2, samples: 17 });
  assert.equal(queue.trouble, 'connection refused');
});

test('a receiver that hangs: the end comes in time, what was not sent is told', async () => {
  const { queue } = rig([new Promise<Answer>(() => {})]);
  queue.add(parcel(5));
  await queue.end(20);
  assert.deepEqual(queue.waiting, { parcels: 1, samples: 5 });
});

test('a pause that the receiver asked for is kept, even at the end', async () => {
  const { queue, sent } = rig([{ kind: 'again', because: 'busy', afterMs: 60_000 }, taken]);
  queue.add(parcel(1));
  await queue.end(20);
  assert.deepEqual(sent, [1]);
});

test('a pause of our own is cut short at the end', async () => {
  let tries = 0;
  const queue = new PushQueue({
    post: async () => (tries++ === 0 ? away : taken),
    ...{ remarkOf: () => undefined, onNews: () => {}, firstPauseMs: 600_000, longestPauseMs: 600_000 },
  });
  queue.add(parcel(1));
  await new Promise(setImmediate);
  await queue.end(5000);
  assert.equal(queue.sent.parcels, 1);
});

test('what the receiver remarks is said once', async () => {
  const { queue, news } = rig([{ kind: 'taken', body: Buffer.from('2 rejected') }]);
  for (const name of [1, 2]) queue.add(parcel(name));
  await queue.end(5000);
  assert.deepEqual(news, ['▲ OTLP: the receiver says: 2 rejected']);
  assert.equal(queue.sent.parcels, 2);
});
