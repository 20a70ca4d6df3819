/**
 * `--otlp URL`: what a session captures, sent to an OTLP receiver every few seconds. Each batch is a profile of what came
 * since the one before, with the names that are known an interval later.
 */
import { promisify } from 'node:util';
import { gzip as gzipCallback } from 'node:zlib';
import type { CaptureSession } from '../engine/session.ts';
import type { SessionStatus, Unit } from '../engine/status.ts';
import { writeOtlp } from '../export/otlp.ts';
import type { SampleColumns } from '../profile/batch.ts';
import { Profile } from '../profile/profile.ts';
import { remarkOf } from '../push/partial-success.ts';
import { post } from '../push/post.ts';
import { PushQueue } from '../push/push-queue.ts';
import { type BatchCounters, batchRun } from './push-batch.ts';
import type { RunBegin } from './run-summary.ts';

const gzip = promisify(gzipCallback);

// The first ones are short: a wrong URL is to be said at once.
const intervalsMs = [1000, 1000, 5000];
const timeoutMs = 10_000;
/** How long the end of the program may wait for the receiver. */
const lastMs = 5000;
const path = '/v1development/profiles';

/** What came in an interval; sent one interval later. */
interface Batch {
  readonly profiles: ReadonlyMap<Unit, Profile>;
  readonly counters: BatchCounters;
}

export class OtlpPush {
  readonly #session: CaptureSession;
  readonly #begin: RunBegin;
  readonly #queue: PushQueue;
  readonly #url: URL;
  readonly #stopKeeping: () => void;
  #timer: NodeJS.Timeout | undefined;
  #profiles = new Map<Unit, Profile>();
  #ripe: Batch | undefined;
  /** As it was when the interval began; undefined at the begin of the session and after a reset. */
  #before: SessionStatus | undefined;
  #onNews: (line: string) => void;
  /** Bodies are compressed off the main thread, and queued in their order. */
  #packing: Promise<void> = Promise.resolve();

  constructor(session: CaptureSession, begin: RunBegin, url: string, onNews: (line: string) => void) {
    this.#session = session;
    this.#begin = begin;
    this.#url = receiverUrl(url);
    this.#onNews = onNews;
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      ...headersFrom(process.env['OTEL_EXPORTER_OTLP_HEADERS']),
    };
    this.#queue = new PushQueue({
      post: (body, signal) => post({ url: this.#url, headers, timeoutMs, signal }, body),
      remarkOf,
      onNews: (line) => this.#onNews(line),
    });
    this.#stopKeeping = session.keep({
      tables: () => {},
      names: () => {},
      samples: (unit, span, rows) => this.#take(unit, span, rows),
      reset: () => {
        this.#turn();
        this.#before = undefined;
      },
      status: () => {},
    });
    this.#turnAfter(0);
  }

  /** The view hears what the queue has to say, once there is one. */
  onNews(say: (line: string) => void): void {
    this.#onNews = say;
  }

  /**
   * After capture has stopped: sends the rest, for a few seconds at most.
   * @returns a line about all that was sent, and whether the receiver took all of it
   */
  async end(): Promise<{ readonly line: string; readonly isWhole: boolean }> {
    clearTimeout(this.#timer);
    this.#stopKeeping();
    this.#turn();
    this.#turn();
    await this.#packing;
    await this.#queue.end(lastMs);
    const { sent, waiting, dropped, refused, trouble } = this.#queue;
    const missing = [
      ...(waiting.parcels > 0 ? [`not sent: ${waiting.samples} samples (${trouble ?? 'no time'})`] : []),
      ...(dropped.parcels > 0 ? [`dropped: ${dropped.samples} samples`] : []),
      ...(refused.parcels > 0 ? [`refused: ${refused.samples} samples (${trouble ?? 'before'})`] : []),
    ];
    const line = [`OTLP: ${sent.samples} samples sent to ${shown(this.#url)}`, ...missing].join('; ');
    return { line, isWhole: missing.length === 0 };
  }

  #take(unit: Unit, span: number, rows: SampleColumns): void {
    const profile = this.#profiles.get(unit) ?? new Profile(this.#session.profile.tables);
    this.#profiles.set(unit, profile);
    profile.addUnplacedSamples(rows, span);
  }

  #turnAfter(turns: number): void {
    this.#timer = setTimeout(
      () => {
        this.#turn();
        this.#turnAfter(turns + 1);
      },
      intervalsMs[Math.min(turns, intervalsMs.length - 1)],
    );
  }

  /** Queues what is ripe, and lets what came meanwhile ripen. */
  #turn(): void {
    const ripe = this.#ripe;
    const { status } = this.#session;
    const before = this.#before;
    this.#before = status;
    this.#ripe = { profiles: this.#profiles, counters: { before, now: status, atMs: Date.now() } };
    this.#profiles = new Map();
    if (ripe !== undefined) this.#send(ripe);
  }

  #send({ profiles, counters }: Batch): void {
    for (const [unit, profile] of profiles) {
      const run = batchRun(profile, unit, counters, this.#begin);
      const message = Buffer.concat([...writeOtlp(run)]);
      const packed = gzip(message);
      this.#packing = this.#packing.then(async () => {
        this.#queue.add({ body: await packed, samples: profile.samples });
      });
    }
  }
}

/** The profiles of an endpoint, as OTEL_EXPORTER_OTLP_ENDPOINT means one; an URL that ends there stays. */
export function receiverUrl(text: string): URL {
  const url = new URL(text);
  if (!url.pathname.endsWith(path)) url.pathname = url.pathname.replace(/\/$/, '') + path;
  return url;
}

/** Without what may be secret. */
function shown({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

/** `key=value,key=value`, percent-encoded (OpenTelemetry's "Specifying headers via environment variables"). */
function headersFrom(text = ''): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^\s*([!#$%&'*+.^_`|~\w-]+)\s*=\s*(.*?)\s*$/.exec(pair));
  return Object.fromEntries(
    pairs.flatMap((found) => (found === null ? [] : [[found[1] ?? '', decoded(found[2] ?? '')]])),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
