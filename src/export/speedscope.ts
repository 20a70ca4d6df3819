/**
 * speedscope's own file (file-format-schema.json in its npm package): one `sampled` profile per thread, one entry per
 * distinct stack with its weight in ns. Times of single samples are not kept, so its "time order" is the order of first
 * sight. Metadata: each profile's name says the engine; all keys lie under `x-prof-tui`, which the schema lets pass.
 */
import type { CallTree } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import { type ProfileMeta, profileMeta } from './meta.ts';
import { pathOf, stacksByThread, type ThreadStacks } from './stacks.ts';
import type { RunSummary } from './summary.ts';

export function* writeSpeedscope(run: RunSummary): Generator<string> {
  const meta = profileMeta(run);
  const head = {
    $schema: 'https://www.speedscope.app/file-format-schema.json',
    exporter: meta.tool,
    name: `${run.target.name} [${meta.pid}] ${meta.engine}`,
    activeProfileIndex: 0,
    'x-prof-tui': meta,
  };
  const frames = new FrameTable();
  yield `${JSON.stringify(head).slice(0, -1)},"profiles":[`;
  let separator = '';
  for (const thread of stacksByThread(run.profile)) {
    yield separator;
    yield* threadProfile(run.profile.tree, thread, meta, frames);
    separator = ',';
  }
  // Behind the profiles: which functions occur is known only then.
  yield '],"shared":{"frames":[';
  yield* frames.pieces();
  yield ']}}\n';
}

function* threadProfile(
  tree: CallTree,
  { thread, weightNs, rows }: ThreadStacks,
  meta: ProfileMeta,
  frames: FrameTable,
): Generator<string> {
  const head = {
    type: 'sampled',
    name: `${thread.name} [${thread.tid}] ${meta.engine}`,
    unit: 'nanoseconds',
    startValue: 0,
    endValue: weightNs,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"samples":[`;
  for (let i = 0; i < rows.length; i++) {
    const path = pathOf(tree, rows[i]?.node ?? 0);
    yield `${i > 0 ? ',' : ''}[${path.map((found) => frames.indexOf(found)).join(',')}]`;
  }
  yield '],"weights":[';
  yield rows.map((row) => row.weightNs).join(',');
  yield ']}';
}

/** Functions in order of first sight. */
class FrameTable {
  readonly #indexById = new Map<number, number>();
  readonly #functions: ProfileFunction[] = [];

  indexOf(found: ProfileFunction): number {
    const known = this.#indexById.get(found.id);
    if (known !== undefined) return known;
    this.#indexById.set(found.id, this.#functions.length);
    return this.#functions.push(found) - 1;
  }

  *pieces(): Generator<string> {
    for (const [i, { name, module }] of this.#functions.entries()) {
      yield (i > 0 ? ',' : '') + JSON.stringify(module === '' ? { name } : { name, file: module });
    }
  }
}
