/** speedscope's released page, in Chromium, shows the names and weights of every format of ours that it reads. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import type { Format } from '../../src/options.ts';
import { closeBrowser, openPage, serve } from '../helpers/browser.ts';
import { exported } from '../helpers/exported.ts';
import { everyKind, hostileNames, syntheticRun, twoSpans } from '../helpers/synthetic-run.ts';
import { periodNs } from '../helpers/synthetic-session.ts';

after(closeBrowser);

const release = dirname(
  fileURLToPath(import.meta.resolve('speedscope/dist/release/file-format-schema.json')),
);
/** One thread under one engine, since the page shows one profile at a time. */
const oneThread = everyKind.map(({ tid: _, span: __, ...line }) => line);
const oneSpan = { spans: twoSpans.slice(0, 1) };
const unsampled = [['[kernel: not sampled]', 5] as const, ['[not sampled]', 2] as const];

test("speedscope: the file fits the format's own schema", () => {
  const schema = JSON.parse(readFileSync(join(release, 'file-format-schema.json'), 'utf8')) as object;
  const validate = new Ajv({ strict: false }).compile(schema);
  assert(
    validate(JSON.parse(exported('speedscope', syntheticRun()).toString('utf8'))),
    JSON.stringify(validate.errors),
  );
});

/** What the page calls a period. */
const units: readonly (readonly [Format, string, 'time' | 'counts'])[] = [
  ['speedscope', 'p.speedscope.json', 'time'],
  ['cpuprofile', 'p.cpuprofile', 'time'],
  ['pprof', 'p.pb.gz', 'time'],
  ['folded', 'p.folded', 'counts'],
];

for (const [format, file, unit] of units) {
  test(`${format}: speedscope's page shows each name with its weight, marked labels too, and reports no error`, async (t) => {
    const watched = await openPage(t);
    if (watched === undefined) return;
    const { page, errors } = watched;
    const url = await serve(t, release, { [file]: exported(format, syntheticRun(oneThread, oneSpan)) });
    await page.goto(`${url}#profileURL=${url}${file}&view=sandwich`);
    await page.getByText('[kernel: no symbols]').first().waitFor();
    const selves = new Map(
      await page.$$eval('tr', (rows) =>
        rows.map((row): [string, string] => [
          row.cells[2]?.textContent ?? '',
          row.cells[1]?.textContent?.replace(/ \(.*/, '') ?? '',
        ]),
      ),
    );
    const shown = (name: string): number =>
      weightOf(selves.get(name) ?? '') / (unit === 'time' ? periodNs : 1);
    const kernelName = format === 'folded' ? 'ext4_write_[k]' : 'ext4_write';
    const expected = [
      ...[['run', 40] as const, ['[kernel: no symbols]', 23] as const, [kernelName, 11] as const],
      ...[['[jit: no symbols]', 7] as const, ...hostileNames.map((_, i) => [`leaf ${i}`, i + 1] as const)],
      // Of no thread: speedscope's own format keeps it in a profile of its own.
      ...(format === 'speedscope' ? [] : unsampled),
    ];
    for (const [name, periods] of expected) {
      assert(
        Math.abs(shown(name) - periods) < 0.01 * periods + 0.001,
        `${name}: ${selves.get(name)}, not ${periods} periods`,
      );
    }
    for (const name of hostileNames) {
      // The format has no `;` in names, and none of them control characters; HTML shows blanks at the ends as none.
      const held = format === 'folded' ? name.replaceAll(';', ':') : name;
      const plain = (text: string): string => text.replaceAll(/[\u0000-\u0020]+/g, '');
      assert(
        [...selves.keys()].some((seen) => plain(seen) === plain(held)),
        name.slice(0, 80),
      );
    }
    assert.deepEqual(errors, []);
    if (format === 'speedscope') await page.getByText('thread-100 [100] cpu').first().waitFor();
  });
}

/** `232.32ms`, `1.2s`, `23`: in ns, or as it is. */
function weightOf(text: string): number {
  const [, number = 'NaN', unit = ''] = /^([\d.]+)(.*)$/.exec(text) ?? [];
  const scale = { ns: 1, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9 }[unit] ?? 1;
  return Number(number) * scale;
}
