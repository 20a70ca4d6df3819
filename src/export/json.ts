/** The JSON summary: engine spans, accounting, warnings, threads and the whole tree. Schema: docs/formats.md. */
import { type CallTree, type NodeId, ROOT } from '../profile/call-tree.ts';
import type { RunSummary } from './summary.ts';

/** @returns pieces of one JSON document: a tree may be larger than one string may be */
export function* writeJson(run: RunSummary): Generator<string> {
  const { target, accounting } = run;
  const head = {
    tool: { name: 'prof-tui', version: run.version },
    target: { pid: target.pid, exe: target.exe, command: target.command, startedAt: target.startedAt },
    frequencyHz: run.frequencyHz,
    spans: run.spans,
    accounting: {
      cpuTimeNs: accounting.cpuTimeNs,
      userTimeNs: accounting.userTimeNs,
      systemTimeNs: accounting.systemTimeNs,
      weightNs: accounting.weightNs,
      accounted: accounting.accounted ?? null,
    },
    warnings: run.warnings.map((warning) => ({ ...warning, cure: warning.cure ?? null })),
    threads: threadWeights(run),
  };
  yield `${JSON.stringify(head).slice(0, -1)},"tree":`;
  yield* writeTree(run.profile.tree);
  yield '}\n';
}

function threadWeights(run: RunSummary): { tid: number; name: string; weightNs: number }[] {
  return run.profile.threadsUnder(ROOT).map(({ tid, name, weightNs }) => ({ tid, name, weightNs }));
}

/** Heaviest child first. Iterative: a stack may be a thousand frames deep. */
function* writeTree(tree: CallTree): Generator<string> {
  const todo: (NodeId | string)[] = [ROOT];
  while (todo.length > 0) {
    const next = todo.pop() as NodeId | string;
    if (typeof next === 'string') {
      yield next;
      continue;
    }
    const { name, module, kind, runtime, script, line } = tree.functionOf(next);
    // What is undefined is not written.
    const node = {
      name,
      module,
      kind,
      runtime,
      script,
      line,
      selfNs: tree.selfNs(next),
      totalNs: tree.totalNs(next),
    };
    yield `${JSON.stringify(node).slice(0, -1)},"children":[`;
    const children = [...tree.childrenOf(next)].sort((a, b) => tree.totalNs(b) - tree.totalNs(a));
    todo.push(']}');
    for (let i = children.length - 1; i >= 0; i--) {
      todo.push(children[i] as NodeId);
      if (i > 0) todo.push(',');
    }
  }
}
