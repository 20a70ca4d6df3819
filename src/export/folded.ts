/**
 * Collapsed stacks (FlameGraph README): `root;…;leaf count`, one line per stack. The format has no comments, so the
 * metadata are a valid stack of weight 0 in the first line: every known reader takes it.
 */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { ProfileFunction } from '../profile/functions.ts';
import { type ProfileMeta, profileMeta } from './meta.ts';
import { type StackRows, stacks, stacksByThread, threadLabel } from './stacks.ts';
import type { RunSummary } from './summary.ts';
import { roundToCounts } from './whole-counts.ts';

/** Stacks of all threads, or of one, whose label then is their first frame. */
interface Group {
  readonly label: string;
  readonly rows: StackRows;
}

/** @returns lines with their newline */
export function* writeFolded(run: RunSummary, byThread: boolean): Generator<string> {
  const meta = profileMeta(run);
  yield `# prof-tui ${header(meta)} 0\n`;
  const groups = byThread ? groupsByThread(run) : [{ label: '', rows: stacks(run.profile) }];
  const weightsNs = groups.flatMap(({ rows }) => Array.from(rows.weightsNs));
  const counts = roundToCounts(weightsNs, meta.periodNs);
  const texts = new StackTexts(run.profile.tree);
  // By label: a tid that was used again may belong to two threads of one name.
  const countsOf = new Map<string, Map<number, number>>();
  let row = 0;
  for (const { label, rows } of groups) {
    const countOfText = countsOf.get(label) ?? new Map<number, number>();
    countsOf.set(label, countOfText);
    for (const node of rows.nodes) {
      const count = counts[row++] as number;
      const text = texts.idOf(node);
      if (count > 0) countOfText.set(text, (countOfText.get(text) ?? 0) + count);
    }
  }
  for (const [label, countOfText] of countsOf) {
    for (const [text, count] of countOfText) yield `${label}${texts.textOf(text)} ${count}\n`;
  }
}

function groupsByThread(run: RunSummary): Group[] {
  return stacksByThread(run.profile).map(({ thread, ...rows }) => ({
    label: `${frameText(threadLabel(thread))};`,
    rows,
  }));
}

// Ids of texts and of frames stay far below 2^26, so that both make one exact integer.
const frameLimit = 2 ** 26;

/**
 * What the lines say, as a trie: nodes whose lines are the same (functions of one name in two modules) have one id, and
 * no line is held.
 */
class StackTexts {
  readonly #tree: CallTree;
  readonly #frameIds = new Map<string, number>();
  readonly #frames: string[] = [];
  readonly #frameOfFunction = new Map<number, number>();
  readonly #textIds = new Map<number, number>();
  /** By text: the text before its last frame, and that frame. Text 0 is empty. */
  readonly #before = [0];
  readonly #lastFrame = [0];
  readonly #textOfNode: Int32Array;

  constructor(tree: CallTree) {
    this.#tree = tree;
    this.#textOfNode = new Int32Array(tree.nodeCount);
    // A parent stands before its children; the root is not part of their lines.
    for (let node = ROOT + 1; node < tree.nodeCount; node++) {
      this.#textOfNode[node] = this.#append(this.#textOfNode[tree.parentOf(node)] as number, node);
    }
  }

  idOf(node: NodeId): number {
    return node === ROOT ? this.#append(0, ROOT) : (this.#textOfNode[node] as number);
  }

  textOf(id: number): string {
    let text = this.#frames[this.#lastFrame[id] as number] as string;
    for (let at = this.#before[id] as number; at > 0; at = this.#before[at] as number) {
      text = `${this.#frames[this.#lastFrame[at] as number]};${text}`;
    }
    return text;
  }

  #append(before: number, node: NodeId): number {
    const frame = this.#frameOf(this.#tree.functionOf(node));
    const key = before * frameLimit + frame;
    const known = this.#textIds.get(key);
    if (known !== undefined) return known;
    const id = this.#before.push(before) - 1;
    this.#lastFrame.push(frame);
    this.#textIds.set(key, id);
    return id;
  }

  #frameOf({ id, name, kind }: ProfileFunction): number {
    const known = this.#frameOfFunction.get(id);
    if (known !== undefined) return known;
    const text = frameText(name) + (kind === 'kernel' ? '_[k]' : '');
    const frame = this.#frameIds.get(text) ?? this.#frames.push(text) - 1;
    this.#frameIds.set(text, frame);
    this.#frameOfFunction.set(id, frame);
    return frame;
  }
}

/** `;` parts frames and a newline parts stacks, so neither may stand in a name. */
function frameText(name: string): string {
  return name.replaceAll(';', ':').replaceAll(/[\u0000-\u001f\u007f]/g, ' ');
}

/** No `;` may stand in the line before the count, so it is escaped the JSON way. */
function header(meta: ProfileMeta): string {
  return JSON.stringify(meta).replaceAll(';', '\\u003b');
}
