/**
 * speedscope's own file (file-format-schema.json in its npm package): one `sampled` profile per thread, one entry per
 * distinct stack with its weight in ns. Times of single samples are not kept, so its "time order" is the order of first
 * sight. Metadata: each profile's name says the engine; all keys lie under `x-prof-tui`, which the schema lets pass.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import { jsonColumn } from './json-column.ts';
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
  const stacks = new StackTexts(run.profile.tree);
  yield `${JSON.stringify(head).slice(0, -1)},"profiles":[`;
  let separator = '';
  for (const thread of stacksByThread(run.profile)) {
    yield separator;
    yield* threadProfile(thread, meta, stacks);
    separator = ',';
  }
  // Behind the profiles: which functions occur is known only then.
  yield '],"shared":{"frames":[';
  yield* stacks.frames();
  yield ']}}\n';
}

function* threadProfile(
  { thread, weightNs, nodes, weightsNs }: ThreadStacks,
  meta: ProfileMeta,
  stacks: StackTexts,
): Generator<string> {
  const head = {
    type: 'sampled',
    name: `${thread.name} [${thread.tid}] ${meta.engine}`,
    unit: 'nanoseconds',
    startValue: 0,
    endValue: weightNs,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"samples":[`;
  for (const [i, node] of nodes.entries()) yield i > 0 ? `,${stacks.textOf(node)}` : stacks.textOf(node);
  yield '],"weights":[';
  yield* jsonColumn(weightsNs.length, (row) => weightsNs[row] as number);
  yield ']}';
}

/** Stacks as JSON, made once for all threads, of functions in order of first sight. */
class StackTexts {
  readonly #tree: CallTree;
  readonly #indexById = new Map<number, number>();
  readonly #functions: ProfileFunction[] = [];
  readonly #textByNode: (string | undefined)[] = [];

  constructor(tree: CallTree) {
    this.#tree = tree;
  }

  /** Root first. */
  textOf(node: NodeId): string {
    this.#textByNode[node] ??= `[${pathOf(this.#tree, node)
      .map((found) => this.#indexOf(found))
      .join(',')}]`;
    return this.#textByNode[node];
  }

  *frames(): Generator<string> {
    for (const [i, { name, module }] of this.#functions.entries()) {
      yield (i > 0 ? ',' : '') + JSON.stringify(module === '' ? { name } : { name, file: module });
    }
  }

  #indexOf(found: ProfileFunction): number {
    const known = this.#indexById.get(found.id);
    if (known !== undefined) return known;
    this.#indexById.set(found.id, this.#functions.length);
    return this.#functions.push(found) - 1;
  }
}
