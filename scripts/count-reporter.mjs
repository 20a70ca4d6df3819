/**
 * A node:test reporter that only counts: appends `tests 12`, `pass 11`, `skip: NAME: REASON` and `failed: {json}` lines
 * to the file named by PROF_TUI_TEST_COUNTS. It writes synchronously, because --test-force-exit ends the runner before the
 * stream of another reporter's file is flushed (seen on Node 20.20: the closing lines were missing).
 */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';

const file = process.env.PROF_TUI_TEST_COUNTS ?? '/dev/null';
const counted = /^(tests|suites|pass|fail|cancelled|skipped|todo) \d+$/;

/** Why a test failed, in one line that a log can end with. */
function reasonOf({ details }) {
  const error = details?.error?.cause ?? details?.error;
  const text = String(error?.message ?? error).replaceAll(/\s+/g, ' ');
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}

/** The lines that one event adds. */
function linesOf({ type, data }) {
  if (type === 'test:pass' && data.skip !== undefined) {
    return [`skip: ${data.name}: ${data.skip === true ? 'no reason given' : data.skip}`];
  }
  if (type === 'test:fail' && data.nesting === 0) {
    const failure = { file: relative('', data.file ?? data.name), name: data.name, reason: reasonOf(data) };
    return [`failed: ${JSON.stringify(failure)}`];
  }
  if (type === 'test:diagnostic' && data.nesting === 0 && counted.test(data.message)) return [data.message];
  return [];
}

// A reporter module is loaded by its default export.
// biome-ignore lint/style/noDefaultExport: node:test demands it
export default async function* countReporter(source) {
  for await (const event of source) {
    for (const line of linesOf(event)) appendFileSync(file, `${line}\n`);
  }
  yield '';
}
