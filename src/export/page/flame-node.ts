/**
 * The two trees that the page can draw, top-down and inverted, as nodes that make their children when they are asked:
 * only what is wide enough to be seen is ever made. No DOM here.
 */
import type { PageProfile } from './page-profile.ts';

export interface FlameNode {
  /** Index into the profile's functions. */
  readonly function: number;
  readonly totalNs: number;
  /** Undefined in the inverted tree, where all time is that of the functions next to the root. */
  readonly selfNs: number | undefined;
  readonly depth: number;
  readonly parent: FlameNode | undefined;
  /** Heaviest first; the same array each time. */
  children(): readonly FlameNode[];
}

/** Time at each node and below: parents stand before their children. */
export function totalsOf({ parents, selfNs }: PageProfile): Float64Array {
  const totals = Float64Array.from(selfNs);
  for (let node = totals.length - 1; node > 0; node--) {
    const parent = parents[node] as number;
    totals[parent] = (totals[parent] as number) + (totals[node] as number);
  }
  return totals;
}

/** As called: the root is the thread's begin. */
export function topDown(profile: PageProfile, totals: Float64Array): FlameNode {
  const childrenOf: (number[] | undefined)[] = [];
  for (let node = 1; node < profile.parents.length; node++) {
    const parent = profile.parents[node] as number;
    const siblings = childrenOf[parent];
    if (siblings === undefined) childrenOf[parent] = [node];
    else siblings.push(node);
  }
  const make = (node: number, parent: FlameNode | undefined): FlameNode =>
    lazy(
      {
        function: profile.nodeFunctions[node] as number,
        totalNs: totals[node] as number,
        selfNs: profile.selfNs[node] as number,
        depth: parent === undefined ? 0 : parent.depth + 1,
        parent,
      },
      (self) => (childrenOf[node] ?? []).map((child) => make(child, self)),
    );
  return make(0, undefined);
}

/** One call that ended in the inverted node's first function: where it stands now, and the time it brings. */
interface Caller {
  readonly node: number;
  readonly weightNs: number;
}

/** By who was running: below a function stand its callers, with the time that the function itself had from each. */
export function inverted(profile: PageProfile): FlameNode {
  const running = profile.selfNs.flatMap((weightNs, node): Caller[] =>
    weightNs > 0 ? [{ node, weightNs }] : [],
  );
  const totalNs = running.reduce((sum, { weightNs }) => sum + weightNs, 0);
  const root = { function: profile.nodeFunctions[0] as number, totalNs, depth: 0, parent: undefined };
  return lazy({ ...root, selfNs: undefined }, (self) => callersOf(profile, running, self));
}

/** Groups calls by the function that they stand at. */
function callersOf(profile: PageProfile, calls: readonly Caller[], parent: FlameNode): FlameNode[] {
  const groups = new Map<number, Caller[]>();
  for (const call of calls) {
    const found = profile.nodeFunctions[call.node] as number;
    const group = groups.get(found);
    if (group === undefined) groups.set(found, [call]);
    else group.push(call);
  }
  return Array.from(groups, ([found, group]) => {
    const totalNs = group.reduce((sum, { weightNs }) => sum + weightNs, 0);
    const further = group.flatMap(({ node, weightNs }): Caller[] => {
      const caller = profile.parents[node] as number;
      return caller > 0 ? [{ node: caller, weightNs }] : [];
    });
    const facts = { function: found, totalNs, selfNs: undefined, depth: parent.depth + 1, parent };
    return lazy(facts, (self) => callersOf(profile, further, self));
  });
}

function lazy(facts: Omit<FlameNode, 'children'>, make: (self: FlameNode) => FlameNode[]): FlameNode {
  let made: FlameNode[] | undefined;
  const node: FlameNode = {
    ...facts,
    children() {
      made ??= make(node)
        .filter((child) => child.totalNs > 0)
        .sort((a, b) => b.totalNs - a.totalNs);
      return made;
    },
  };
  return node;
}

/** Time of the stacks that hold one of these functions, each stack once. */
export function matchedNs(
  profile: PageProfile,
  totals: Float64Array,
  functions: ReadonlySet<number>,
): number {
  const isBelowMatch = new Uint8Array(profile.parents.length);
  let sum = 0;
  for (let node = 0; node < profile.parents.length; node++) {
    const parent = profile.parents[node] as number;
    const isBelow = parent >= 0 && isBelowMatch[parent] === 1;
    const isMatch = functions.has(profile.nodeFunctions[node] as number);
    if (isMatch && !isBelow) sum += totals[node] as number;
    if (isMatch || isBelow) isBelowMatch[node] = 1;
  }
  return sum;
}
