/** One HTTP POST and what its answer means to a sender (OTLP specification, "OTLP/HTTP Response"). Never throws. */
import http from 'node:http';
import https from 'node:https';

export type Answer =
  | { readonly kind: 'taken'; readonly body: Buffer }
  /** Worth another try: later, or when the receiver said. */
  | { readonly kind: 'again'; readonly because: string; readonly afterMs?: number | undefined }
  /** Would be refused again. */
  | { readonly kind: 'refused'; readonly because: string };

export interface Post {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** These and no others may be tried again. */
const retryableStatuses = [429, 502, 503, 504];
/** Of an answer more is of no use. */
const mostAnswerBytes = 64 * 1024;

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the receiver closed the connection',
  EPIPE: 'the receiver closed the connection',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'its name cannot be resolved now',
  EHOSTUNREACH: 'no route to it',
  ENETUNREACH: 'no route to it',
};

export function post({ url, headers, timeoutMs, signal }: Post, body: Uint8Array): Promise<Answer> {
  return new Promise((resolve) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const sent = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-length': body.length },
      signal,
    });
    const fail = (because: string): void => resolve({ kind: 'again', because });
    // For the whole of it: a receiver that sends a byte now and then never ends.
    const timer = setTimeout(() => {
      fail(`no answer within ${Math.round(timeoutMs / 1000)} s`);
      sent.destroy();
    }, timeoutMs);
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', (error: NodeJS.ErrnoException) => fail(words[error.code ?? ''] ?? error.message));
    sent.on('response', (answer) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      answer.on('data', (part: Buffer) => {
        bytes += part.length;
        if (bytes <= mostAnswerBytes) parts.push(part);
        else answer.destroy();
      });
      answer.on('error', () => fail('the receiver closed the connection'));
      answer.on('close', () => resolve(answerOf(answer, Buffer.concat(parts))));
    });
    sent.end(body);
  });
}

function answerOf(answer: http.IncomingMessage, body: Buffer): Answer {
  const { statusCode = 0, statusMessage = '', headers } = answer;
  if (statusCode >= 200 && statusCode < 300) return { kind: 'taken', body };
  const because = `it answers ${statusCode} ${statusMessage}`.trim();
  if (!retryableStatuses.includes(statusCode)) return { kind: 'refused', because };
  return { kind: 'again', because, afterMs: retryAfterMs(headers['retry-after'], Date.now()) };
}

/** Longer than anybody waits, and a timer can still hold it. */
const longestWaitMs = 3_600_000;

/** Seconds or a date (RFC 9110, 10.2.3). */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  const isDate = /^[a-z]/i.test(value);
  const ms = isDate ? Math.max(0, Date.parse(value) - nowMs) : Number.parseInt(value, 10) * 1000;
  return ms >= 0 ? Math.min(longestWaitMs, ms) : undefined;
}
