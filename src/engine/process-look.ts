/** What would run on a process if it were picked, and why not more. Tries what `doctor` tries; stops nobody. */
import { kernelSymbolsShut, type Shut, withPid } from './gates.ts';
import type { Capabilities } from './machine.ts';
import { selectEngine } from './select.ts';
import type { EngineAsk } from './status.ts';
import { describe } from './warnings.ts';

export interface ProcessLook {
  /** `ctimer (timer_create in the target)`; undefined when nothing opens. */
  readonly runs: string | undefined;
  /** Why it is not more, or why it is nothing; the most important first. */
  readonly limits: readonly Shut[];
}

/** Pure. @param pid stands in the cures */
export function lookAt(
  capabilities: Capabilities,
  pid: number,
  ask: EngineAsk,
  strict: boolean,
): ProcessLook {
  const selection = selectEngine(ask, capabilities, strict);
  if (selection.kind === 'refused') {
    const { because, cure } = selection;
    return { runs: undefined, limits: withPid([{ because, cure }], pid) };
  }
  const { engine, mechanism, degradations } = selection.plan;
  const limits = degradations.map((each): Shut => {
    if (each.code === 'fell-back') return { because: each.because, cure: each.cure };
    const { title, cure } = describe(each);
    return { because: title, cure };
  });
  const hidden = engine === 'cpu' ? kernelSymbolsShut(capabilities) : undefined;
  const names = hidden ? [{ ...hidden, because: `kernel functions have no names: ${hidden.because}` }] : [];
  return { runs: `${engine} (${mechanism})`, limits: withPid([...limits, ...names], pid) };
}
