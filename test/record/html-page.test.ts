/** The HTML report in Chromium: nothing fails, nothing is asked for, and every control works by keyboard and mouse. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { closeBrowser, openPage, type WatchedPage } from '../helpers/browser.ts';
import { exported } from '../helpers/exported.ts';
import { hostileNames, syntheticRun } from '../helpers/synthetic-run.ts';

after(closeBrowser);

async function openReport(t: TestContext): Promise<WatchedPage | undefined> {
  const watched = await openPage(t);
  const folder = mkdtempSync(join(tmpdir(), 'prof-tui-html-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'report.html');
  writeFileSync(file, exported('html', syntheticRun()));
  await watched?.page.goto(`file://${file}`);
  return watched;
}

const boxes = (page: Page): Promise<string[]> =>
  page.$$eval('[role=treeitem]', (all) => all.map((box) => box.getAttribute('aria-label') ?? ''));

const widthOf = (page: Page, name: string): Promise<number> =>
  page.$eval(`[role=treeitem][aria-label^="${name} "]`, (box) => box.getBoundingClientRect().width);

const focused = async (page: Page): Promise<string> =>
  (await page.locator(':focus').getAttribute('aria-label')) ?? '';

test('the page draws every stack with its share; no error, no request, no name is markup', async (t) => {
  const watched = await openReport(t);
  if (watched === undefined) return;
  const { page, errors, requests } = watched;
  const labels = await boxes(page);
  for (const label of [
    '[kernel: no symbols]',
    '[jit: no symbols]',
    '[kernel: not sampled]',
    '[not sampled]',
  ]) {
    assert(
      labels.some((each) => each.startsWith(label)),
      label,
    );
  }
  for (const name of hostileNames) {
    const begin = name.slice(0, 400).trim();
    assert(
      labels.some((each) => each.trim().startsWith(begin)),
      begin.slice(0, 80),
    );
  }
  assert.match(labels.find((each) => each.startsWith('[kernel: no symbols]')) ?? '', /14\.9% 232 ms/);
  assert.equal(await page.locator('img').count(), 0);
  const text = await page.locator('body').textContent();
  assert.match(text ?? '', /ENGINE {2}ctimer \(external snapshots\) {2}asked auto/);
  await page.locator('summary', { hasText: 'Metadata' }).click();
  for (const key of ['engine', 'asked', 'kernelSymbols', 'span.1.reason']) {
    assert.equal(await page.getByRole('rowheader', { name: key, exact: true }).count(), 1, key);
  }
  const outside = requests.filter((url) => !/^(file|data):/.test(url));
  assert.deepEqual([errors, outside], [[], []]);
  if (process.env['UPDATE_SNAPSHOTS'] !== undefined) {
    await page.locator('summary', { hasText: 'Metadata' }).click();
    await page.setViewportSize({ width: 1100, height: 620 });
    await page.screenshot({ path: fileURLToPath(new URL('../../docs/html-report.png', import.meta.url)) });
  }
});

test('zoom by mouse and by key, and back', async (t) => {
  const { page, errors } = (await openReport(t)) ?? {};
  if (page === undefined) return;
  const [all, before] = [await widthOf(page, 'main'), await widthOf(page, 'read')];
  await page.locator('[role=treeitem][aria-label^="read "]').click();
  assert(Math.abs((await widthOf(page, 'read')) - all) < all * 0.1, 'as wide as the whole');
  await page.keyboard.press('Escape');
  assert.equal(await widthOf(page, 'read'), before);
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowDown');
  assert.match(await focused(page), /^main /);
  await page.keyboard.press('ArrowDown');
  const first = await focused(page);
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await focused(page), first);
  await page.keyboard.press('ArrowLeft');
  assert.equal(await focused(page), first);
  const name = /^\S+/.exec(first)?.[0] ?? '';
  const narrow = await widthOf(page, name);
  await page.keyboard.press('Enter');
  assert((await widthOf(page, name)) > narrow);
  await page.keyboard.press('Backspace');
  assert.equal(await widthOf(page, name), narrow);
  assert.deepEqual(errors, []);
});

test('search marks what it finds and tells its share; a bad expression is said', async (t) => {
  const { page, errors } = (await openReport(t)) ?? {};
  if (page === undefined) return;
  await page.keyboard.press('/');
  await page.keyboard.type('no symbols');
  assert.equal(await page.locator('.match').count(), 2);
  // 23 and 7 of 154 periods.
  assert.equal(await page.locator('#found').textContent(), '2 functions, in 19.5% of the time');
  await page.keyboard.type('(');
  assert.equal(await page.locator('#found').textContent(), 'not a regular expression');
  assert.deepEqual(errors, []);
});

test('inverted: who was running on top, callers below; the theme follows its button', async (t) => {
  const { page, errors } = (await openReport(t)) ?? {};
  if (page === undefined) return;
  const depthOf = (name: string): Promise<string | null> =>
    page.locator(`[role=treeitem][aria-label^="${name} "]`).first().getAttribute('aria-level');
  assert.equal(await depthOf('ext4_write'), '6');
  await page.keyboard.press('i');
  assert.equal(await depthOf('ext4_write'), '2');
  await page.locator('#invert').click();
  assert.equal(await depthOf('ext4_write'), '6');
  const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor');
  const before = await background();
  await page.locator('#theme').click();
  assert.notEqual(await background(), before);
  assert.deepEqual(errors, []);
});
