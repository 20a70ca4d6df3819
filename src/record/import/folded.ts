/**
 * Collapsed stacks: `root;…;leaf count`, as FlameGraph's tools, async-profiler and many others write them. The first
 * line of our own carries our metadata with weight 0.
 */
import {
  type Imported,
  type ImportedFrame,
  NotImportable,
  nsOfCount,
  ProfileBuilder,
  scaleOf,
} from './imported.ts';

const ownHeader = /^# prof-tui (\{.*\}) 0$/;
const noThread = { tid: 0, name: '' };

/** Whether a text may be collapsed stacks: one line of its beginning is. */
export function looksFolded(begin: string): boolean {
  return begin.split('\n').some((line) => ownHeader.test(line) || stackLine.test(line));
}

const stackLine = /^(\S.*) (\d+(?:\.\d+)?)\r?$/;

/** @throws NotImportable */
export function importFolded(text: string): Imported {
  const builder = new ProfileBuilder();
  const meta = headerOf(text);
  const periodNs = meta?.['periodNs'];
  const nsEach = typeof periodNs === 'number' && periodNs > 0 ? periodNs : nsOfCount;
  let [stacks, others] = [0, 0];
  for (const line of linesOf(text)) {
    if (line.startsWith('# ') || line.trim() === '') continue;
    const [, stack, count] = stackLine.exec(line) ?? [];
    if (stack === undefined) {
      others++;
      continue;
    }
    builder.add(stack.split(';').map(frameOf), noThread, Number(count) * nsEach, Math.round(Number(count)));
    stacks++;
  }
  if (stacks === 0 && meta === undefined) throw new NotImportable('no line of it is a stack and a count');
  return {
    format: 'folded',
    profile: builder.finish(),
    meta,
    unitNote: meta === undefined ? scaleOf('count').unitNote : undefined,
    damage: others > 0 ? `${others} lines are no stack and count` : undefined,
  };
}

/** Line by line, without holding them all. */
function* linesOf(text: string): Generator<string> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    const to = end < 0 ? text.length : end;
    yield text.slice(from, to);
    from = to + 1;
  }
}

const suffixKinds: Readonly<Record<string, ImportedFrame['kind']>> = { k: 'kernel', j: 'jit', i: 'jit' };

function frameOf(text: string): ImportedFrame {
  const [, name = text, suffix = ''] = /^(.+)_\[([kji])\]$/.exec(text) ?? [];
  const kind = suffixKinds[suffix] ?? 'native';
  return { name, module: kind === 'kernel' ? 'kernel' : '', kind };
}

function headerOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const first = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  const json = ownHeader.exec(first)?.[1];
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
