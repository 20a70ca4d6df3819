/**
 * speedscope's own file (file-format-schema.json in its npm package): one `sampled` profile per thread under each engine, one entry per
 * distinct stack with its weight in ns. Times of single samples are not kept, so its "time order" is the order of first
 * sight. Metadata: each profile's name says the engine; all keys lie under `x-prof-tui`, which the schema lets pass.
 */
import type { CallTree, NodeId } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import { jsonColumn } from './json-column.ts';
import { type ProfileMeta, profileMeta } from './meta.ts';
import { engineStacks } from './span-stacks.ts';
import { pathOf, processThread, type ThreadStacks } from './stacks.ts';
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
  for (const { engine, thread } of profilesOf(run, meta)) {
    yield separator;
    yield* threadProfile(thread, engine, stacks);
    separator = ',';
  }
  // Behind the profiles: which functions occur is known only then.
  yield '],"shared":{"frames":[';
  yield* stacks.frames();
  yield ']}}\n';
}

/** One for each thread under each engine, heaviest first; time of no thread comes last. */
function profilesOf(run: RunSummary, meta: ProfileMeta): { engine: string; thread: ThreadStacks }[] {
  const profiles = engineStacks(run, meta).flatMap(({ engine, threads }) =>
    threads.map((thread) => ({ engine, thread })),
  );
  const isProcess = ({ thread }: { thread: ThreadStacks }): number => Number(thread.thread === processThread);
  return profiles.sort((a, b) => isProcess(a) - isProcess(b) || b.thread.weightNs - a.thread.weightNs);
}

function* threadProfile(
  { thread, weightNs, nodes, weightsNs }: ThreadStacks,
  engine: string,
  stacks: StackTexts,
): Generator<string> {
  const head = {
    type: 'sampled',
    name: `${thread.name} [${thread.tid}] ${engine}`,
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
    for (const [i, { name, module, script, line }] of this.#functions.entries()) {
      const file = script ?? (module === '' ? undefined : module);
      yield (i > 0 ? ',' : '') + JSON.stringify({ name, file, line });
    }
  }

  #indexOf(found: ProfileFunction): number {
    const known = this.#indexById.get(found.id);
    if (known !== undefined) return known;
    this.#indexById.set(found.id, this.#functions.length);
    return this.#functions.push(found) - 1;
  }
}
