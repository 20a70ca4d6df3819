/** An OTLP receiver on loopback: takes requests as the protocol says and decodes them with protoc, or misbehaves. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodeOtlp, type OtlpData } from './otlp.ts';

/** What becomes of one request: taken, answered otherwise, cut off, or never answered. */
export type Manner = 'take' | 'reset' | 'hang' | { readonly status: number; readonly retryAfter?: string };

export interface OtlpReceiver {
  readonly url: string;
  readonly requests: {
    readonly path: string;
    readonly headers: IncomingMessage['headers'];
    readonly atMs: number;
  }[];
  /** What was taken, decoded. */
  taken(): OtlpData[];
}

/** @param manners for the first requests; all others are taken */
export async function startReceiver(t: TestContext, manners: readonly Manner[] = []): Promise<OtlpReceiver> {
  const requests: OtlpReceiver['requests'] = [];
  const bodies: Buffer[] = [];
  const server = createServer(async (request, response) => {
    const manner = manners[requests.length] ?? 'take';
    requests.push({ path: request.url ?? '', headers: request.headers, atMs: performance.now() });
    const body = Buffer.concat(await request.toArray());
    if (manner === 'reset') request.socket.resetAndDestroy();
    else if (typeof manner === 'object') refuse(response, manner);
    else if (manner === 'take') {
      bodies.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    taken: () => bodies.map((body) => decodeOtlp(body, 'push')),
  };
}

function refuse(response: ServerResponse, { status, retryAfter }: Extract<Manner, object>): void {
  response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
}
