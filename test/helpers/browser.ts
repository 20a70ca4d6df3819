/** Debian's Chromium, without a screen, and folders served to it on loopback. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { hasTool } from './tools.ts';

let browser: Promise<Browser> | undefined;

/** A page that remembers what went wrong in it and what it asked for; undefined (and a skip) without Chromium. */
export async function openPage(t: TestContext): Promise<WatchedPage | undefined> {
  if (!hasTool(t, 'chromium', 'chromium')) return undefined;
  // As root its sandbox does not start; the pages are our own. One browser for all tests of a file.
  browser ??= chromium.launch({
    executablePath: pathOf('chromium'),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const context = await (await browser).newContext({ viewport: { width: 1200, height: 1600 } });
  t.after(() => context.close());
  return new WatchedPage(await context.newPage());
}

function pathOf(command: string): string {
  return execFileSync('sh', ['-c', `command -v ${command}`], { encoding: 'utf8' }).trim();
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

export class WatchedPage {
  readonly page: Page;
  readonly errors: string[] = [];
  readonly requests: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(message.text());
    });
    page.on('dialog', (dialog) => {
      this.errors.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on('request', (request) => this.requests.push(request.url()));
  }
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
};

/** @param files by name, before those of the folder; @returns the URL of the folder */
export async function serve(
  t: TestContext,
  folder: string,
  files: Readonly<Record<string, Buffer>>,
): Promise<string> {
  const server = createServer((request, response) => {
    const name = decodeURIComponent(new URL(request.url ?? '', 'http://localhost').pathname.slice(1));
    try {
      const bytes = files[name] ?? readFileSync(join(folder, name === '' ? 'index.html' : name));
      response.writeHead(200, { 'content-type': types[extname(name) || '.html'] ?? 'text/plain' }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
