/** `--otlp`: what is captured arrives at a real receiver, whatever that does meanwhile; capture goes on. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { program, type RecordedProfile, runCli, startCli, untilRecording } from '../helpers/cli.ts';
import { sumStacks, treeStacks } from '../helpers/exported.ts';
import { otlpStacks } from '../helpers/otlp.ts';
import { startReceiver } from '../helpers/otlp-receiver.ts';
import { withSteadyMachine } from '../helpers/sysctl.ts';
import { startFixture } from '../helpers/target.ts';
import { openTerminal } from '../helpers/terminal.ts';
import { hasTool } from '../helpers/tools.ts';
import { waitForCpu } from '../helpers/truth.ts';

function jsonIn(t: TestContext): { readonly file: string; read(): RecordedProfile } {
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-push-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'out.json');
  return { file, read: () => JSON.parse(readFileSync(file, 'utf8')) as RecordedProfile };
}

test('record --otlp: a receiver that is busy, then cuts the line, gets all that the file holds', async (t) => {
  if (!hasTool(t, 'protoc', 'protobuf-compiler')) return;
  const { pid } = await startFixture(t, 'split', [60]);
  const receiver = await startReceiver(t, [{ status: 503, retryAfter: '1' }, 'reset']);
  const { file, read } = jsonIn(t);
  const run = await withSteadyMachine(() =>
    runCli(['record', pid, '-F', 499, '-d', 4, '--otlp', receiver.url, '-o', file], {
      env: { OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=a%20b,bad' },
    }),
  );
  assert.equal(run.code, 0, run.stderr);
  const { accounting, spans, tree } = read();
  const sent = receiver.taken();
  assert(sent.length >= 2, 'in batches');
  const [first, second] = receiver.requests;
  assert.deepEqual([first?.path, first?.headers['x-tenant']], ['/v1development/profiles', 'a b']);
  assert.equal(first?.headers['content-type'], 'application/x-protobuf');
  assert((second?.atMs ?? 0) - (first?.atMs ?? 0) > 900, 'not before the receiver wished');
  const profiles = sent.flatMap((data) => data.profiles);
  const pushed = sumStacks([...otlpStacks(profiles)].map(([stack, ns]) => [[stack], ns] as const));
  const carried = [...pushed]
    .filter(([stack]) => !stack.startsWith('[not'))
    .reduce((sum, [, ns]) => sum + ns, 0);
  assert(Math.abs(carried - accounting.weightNs) < 1000, `${carried} of ${accounting.weightNs} ns`);
  for (const [stack, ns] of treeStacks(tree)) {
    if (stack.startsWith('[not')) continue;
    assert(Math.abs((pushed.get(stack) ?? 0) - ns) < 100, stack);
  }
  for (const { attributes } of profiles) {
    for (const key of ['engine', 'asked', 'kernelSymbols', 'kernelPart', 'reason'] as const) {
      assert.equal(attributes.get(key), spans[0]?.[key], key);
    }
  }
  assert.match(run.stderr, /^▲ OTLP: it answers 503 Service Unavailable; what is not sent is kept/m);
  assert.match(run.stderr, /^OTLP: \d+ samples sent to http:\/\/127\.0\.0\.1:\d+\/v1development\/profiles$/m);
});

test('record --otlp: nobody listens: the file is whole, one line says what was not sent, exit code 1', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const { file, read } = jsonIn(t);
  const run = await runCli(['record', pid, '-d', 0.5, '--otlp', 'http://u:secret@127.0.0.1:9', '-o', file]);
  assert.equal(run.code, 1);
  assert(read().accounting.weightNs > 0);
  assert.match(
    run.stderr,
    /^prof-tui: OTLP: 0 samples sent to [^\n]*; not sent: \d+ samples \(connection refused\)\n$/m,
  );
  assert.doesNotMatch(run.stderr, /secret|^ +at /m);
});

test('record --otlp alone: a receiver that hangs holds up neither capture nor the end; stdout stays empty', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const receiver = await startReceiver(t, ['hang']);
  const cli = startCli(['record', pid, '--otlp', receiver.url], { deadlineMs: 30_000 });
  await untilRecording(cli);
  await waitForCpu(pid, 5e8);
  cli.child.kill('SIGINT');
  const run = await cli.run;
  assert.deepEqual([run.code, run.signal, run.stdout], [1, null, '']);
  assert.match(run.stderr, /not sent: \d+ samples/);
});

test('the live view sends, too: it says when the receiver refuses, and at the end what was sent', async (t) => {
  const { pid } = await startFixture(t, 'split', [60]);
  const receiver = await startReceiver(t, [{ status: 404 }]);
  const terminal = openTerminal([process.execPath, program, String(pid), '--otlp', receiver.url]);
  t.after(() => terminal.kill());
  await terminal.shows('OTLP: it answers 404 Not Found: not taken');
  terminal.press('q');
  const end = /▲ OTLP: \d+ samples sent to .*refused: \d+ samples/s;
  await terminal.until(({ lines }) => end.test(lines.join('\n')), 'what was sent');
});
