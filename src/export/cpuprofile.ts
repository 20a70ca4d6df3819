/**
 * V8's CPU profile (DevTools protocol, `Profiler.Profile`), as Chrome DevTools and VS Code open it: the call tree as nodes,
 * each with weight of its own as one sample that lasts so long. All threads are one. Weights are µs, rounded one after
 * another, so that the whole is right. Metadata: an extra key, which readers let pass.
 */
import { pathToFileURL } from 'node:url';
import { type CallTree, ROOT } from '../profile/call-tree.ts';
import { jsonColumn } from './json-column.ts';
import { profileMeta } from './meta.ts';
import { stacks } from './stacks.ts';
import type { RunSummary } from './summary.ts';

const usNs = 1000;

export function* writeCpuProfile(run: RunSummary): Generator<string> {
  const { tree } = run.profile;
  const { nodes, weightsNs } = stacks(run.profile);
  // Where each sample ends, in whole µs since the beginning.
  let soFarNs = 0;
  const endsUs = Float64Array.from(weightsNs, (weightNs) => {
    soFarNs += weightNs;
    return Math.round(soFarNs / usNs);
  });
  const totalUs = endsUs.at(-1) ?? 0;
  yield `{"startTime":0,"endTime":${totalUs},"x-prof-tui":${JSON.stringify(profileMeta(run))},"nodes":[`;
  for (let node = ROOT; node < tree.nodeCount; node++) yield (node > ROOT ? ',' : '') + nodeText(tree, node);
  // A delta is the time since the sample before, and readers drop what follows the last: so one more closes it.
  yield '],"samples":[';
  yield* jsonColumn(nodes.length + 1, (row) => idOf(nodes[row] ?? ROOT));
  yield '],"timeDeltas":[';
  yield* jsonColumn(nodes.length + 1, (row) => (endsUs[row - 1] ?? 0) - (endsUs[row - 2] ?? 0));
  yield ']}\n';
}

/** Ids begin at 1. */
function idOf(node: number): number {
  return node + 1;
}

function nodeText(tree: CallTree, node: number): string {
  const { name, module, script, line } = tree.functionOf(node);
  const functionName = node === ROOT ? '(root)' : name;
  return JSON.stringify({
    id: idOf(node),
    callFrame: {
      functionName,
      scriptId: '0',
      url: urlOf(script) ?? module,
      lineNumber: (line ?? 0) - 1,
      columnNumber: -1,
    },
    hitCount: tree.selfSamplesOf(node),
    children: tree.childrenOf(node).map(idOf),
  });
}

/** Editors open files by their URL. */
function urlOf(script: string | undefined): string | undefined {
  return script?.startsWith('/') ? pathToFileURL(script).href : script;
}
