/** Whether a profile shows only calls that a program makes: a wrong name shows as a call that is not among them. */
import type { RecordedNode, RecordedProfile } from './cli.ts';
import { paths } from './tree.ts';

export type Calls = Readonly<Record<string, readonly string[]>>;

/**
 * Calls `caller › callee` between functions that `nameOf` knows, which `calls` does not lead to. What was put into its
 * caller may be missing between them.
 * @param nameOf the name by which `calls` has a row; undefined of rows that are not the program's
 * @param isChecked of the callee
 */
export function untrueCalls(
  { tree }: RecordedProfile,
  calls: Calls,
  nameOf: (row: string) => string | undefined,
  isChecked: (node: RecordedNode) => boolean = () => true,
): string[] {
  const reached = new Map(Object.keys(calls).map((caller) => [caller, reachedFrom(caller, calls)]));
  const untrue = new Set<string>();
  for (const { node, path } of paths(tree)) {
    if (!isChecked(node)) continue;
    const names = path.map(({ name }) => nameOf(name)).filter((name) => name !== undefined);
    const [caller, callee] = names.slice(-2);
    if (caller === undefined || callee === undefined) continue;
    if (!reached.get(caller)?.has(callee)) untrue.add(`${caller} › ${callee}`);
  }
  return [...untrue];
}

function reachedFrom(caller: string, calls: Calls): ReadonlySet<string> {
  const found = new Set<string>();
  const todo = [...(calls[caller] ?? [])];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    todo.push(...(calls[next] ?? []));
  }
  return found;
}
