/** One POST against real servers on loopback: what each answer, or none, means. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { type TestContext, test } from 'node:test';
import { remarkOf } from './partial-success.ts';
import { type Answer, post, retryAfterMs } from './post.ts';

async function listen(t: TestContext, server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
}

const send = (url: URL, timeoutMs = 5000): Promise<Answer> =>
  post({ url, headers: {}, timeoutMs, signal: new AbortController().signal }, Buffer.from('body'));

async function answerTo(t: TestContext, answer: RequestListener): Promise<Answer> {
  return send(await listen(t, createServer(answer)));
}

test('2xx is taken, with its body', async (t) => {
  const answer = await answerTo(t, (request, response) => request.pipe(response));
  assert.deepEqual(answer, { kind: 'taken', body: Buffer.from('body') });
});

for (const status of [429, 502, 503, 504]) {
  test(`${status} may be tried again, when the receiver says`, async (t) => {
    const answer = await answerTo(t, (_, response) =>
      response.writeHead(status, { 'retry-after': '7' }).end(),
    );
    assert.equal(answer.kind, 'again');
    assert.equal(answer.kind === 'again' && answer.afterMs, 7000);
  });
}

for (const status of [301, 400, 401, 404, 413, 500]) {
  test(`${status} is refused for good`, async (t) => {
    const answer = await answerTo(t, (_, response) => response.writeHead(status, 'So it is').end());
    assert.deepEqual(answer, { kind: 'refused', because: `it answers ${status} So it is` });
  });
}

test('nobody listens, a reset, silence, an answer without end: each may be tried again, each is named', async (t) => {
  const gone = createTcpServer();
  const nobody = await listen(t, gone);
  await new Promise((resolve) => gone.close(resolve));
  assert.deepEqual(await send(nobody), { kind: 'again', because: 'connection refused' });
  const resetting = await listen(
    t,
    createTcpServer((socket) => socket.resetAndDestroy()),
  );
  assert.deepEqual(await send(resetting), { kind: 'again', because: 'the receiver closed the connection' });
  const silent = await listen(
    t,
    createTcpServer((socket) => socket.resume()),
  );
  assert.deepEqual(await send(silent, 100), { kind: 'again', because: 'no answer within 0 s' });
  const endless = await listen(
    t,
    createTcpServer((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nx')),
  );
  assert.deepEqual(await send(endless, 100), { kind: 'again', because: 'no answer within 0 s' });
});

test('Retry-After: seconds or a date; nonsense is none', () => {
  const now = Date.parse('2026-01-02T03:04:05Z');
  assert.equal(retryAfterMs('120', now), 120_000);
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:04:35 GMT', now), 30_000);
  assert.equal(retryAfterMs('Fri, 02 Jan 2026 03:00:00 GMT', now), 0);
  assert.equal(retryAfterMs('999999999999', now), 3_600_000);
  for (const value of [undefined, '-1', 'soon', '']) assert.equal(retryAfterMs(value, now), undefined, value);
});

test('partial success: what was rejected and why; hostile answers are nothing', () => {
  const bytes = (...parts: (number | string)[]): Buffer =>
    Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from([part]))));
  assert.equal(remarkOf(bytes(10, 9, 8, 3, 18, 5, 'no\u001bgo')), '3 profiles rejected: no go');
  assert.equal(remarkOf(bytes(10, 4, 18, 2, 'hm')), 'hm');
  assert.equal(remarkOf(bytes(10, 0)), undefined);
  assert.equal(remarkOf(Buffer.alloc(0)), undefined);
  for (const hostile of [
    bytes(10, 255, 255, 255, 127),
    bytes(255, 255),
    bytes(10, 3, 18, 99, 'x'),
    bytes('<html>'),
  ]) {
    assert.equal(remarkOf(hostile), undefined);
  }
});
