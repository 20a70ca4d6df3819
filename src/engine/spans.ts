/**
 * Engine spans: each start of an engine closes the span before it and opens another at the same cut. Samples and
 * weights are counted by the span that their rows name; clock and losses are the differences between two cuts. Pure.
 */
import type { KernelSymbolsState } from '../symbolize/protocol.ts';
import { type NativeBatch, type NativeState, runningStacks } from './native.ts';
import { rowsBySpan } from './native-batch.ts';
import type { Plan } from './select.ts';
import type { EngineAsk, EngineName, EngineSpan, KernelPart, Unit } from './status.ts';

/** What a span runs. */
export interface SpanPlan {
  readonly asked: EngineAsk;
  readonly plan: Plan;
  readonly periodNs: number;
}

interface Span extends SpanPlan {
  /** Which start of an engine it is, as rows name it. */
  readonly number: number;
  readonly from: NativeState;
  readonly to: NativeState | undefined;
  /** As it was at its end. */
  readonly kernelSymbols: KernelSymbolsState | undefined;
}

interface Tally {
  samples: number;
  weightNs: number;
}

/** What the spans of CPU time add up to. */
export interface Balance {
  readonly cpuTimeNs: number;
  readonly weightNs: number;
  /** Kernel time that user-only spans left out. */
  readonly kernelNotSampledNs: number;
  /** What no sample carries for another reason. */
  readonly notSampledNs: number;
}

export function unitOfEngine(engine: EngineName): Unit {
  return engine === 'wall' ? 'wall' : 'cpu';
}

/** @param native of a moment when the engine ran: where an engine of all threads has the stacks of running ones from */
export function kernelPartOf(
  engine: EngineName,
  kernelSymbols: KernelSymbolsState,
  native: NativeState,
): KernelPart {
  if (engine === 'cpu-clock') return 'excluded';
  const hasKernelFrames = engine === 'cpu' || runningStacks[native.runningStacks] === 'events';
  if (!hasKernelFrames) return 'not-seen';
  return kernelSymbols === 'shown' ? 'resolved' : 'unresolved';
}

export class SpanBook {
  #spans: Span[] = [];
  #tallies = new Map<number, Tally>();
  #starts = 0;
  #expected: Unit = 'cpu';

  /** The engine whose start is under way: its first rows may come before its cut is known. */
  expect({ engine }: Plan): void {
    this.#expected = unitOfEngine(engine);
  }

  /** An engine has taken over at a cut. */
  begin(what: SpanPlan, cut: NativeState, kernelSymbols: KernelSymbolsState): void {
    this.close(cut, kernelSymbols);
    this.#spans.push({ ...what, number: this.#starts++, from: cut, to: undefined, kernelSymbols: undefined });
  }

  /** The running engine has ended, if one runs. */
  close(at: NativeState, kernelSymbols: KernelSymbolsState): void {
    const last = this.#spans.at(-1);
    if (!last || last.to) return;
    this.#spans[this.#spans.length - 1] = { ...last, to: at, kernelSymbols };
  }

  /** Counts the rows of a drained batch. */
  count(batch: NativeBatch): void {
    for (const { span, rows } of rowsBySpan(batch)) {
      const tally = this.#tallies.get(span) ?? { samples: 0, weightNs: 0 };
      for (let i = 0; i < rows.stack.length; i++) {
        tally.samples += rows.samples[i] as number;
        tally.weightNs += rows.weightNs[i] as number;
      }
      this.#tallies.set(span, tally);
    }
  }

  unitOf(number: number): Unit {
    const span = this.#spans.find((each) => each.number === number);
    return span ? unitOfEngine(span.plan.engine) : this.#expected;
  }

  /** Counters begin anew: what ran before is forgotten, what runs begins now. */
  reset(now: NativeState): void {
    this.#tallies.clear();
    this.#spans = this.#spans.filter((span) => !span.to).map((span) => ({ ...span, from: now }));
  }

  /** @param base the state from which times are told */
  list(now: NativeState, base: NativeState, kernelSymbols: KernelSymbolsState): readonly EngineSpan[] {
    return this.#spans.map((span) => {
      const end = span.to ?? now;
      const symbols = span.kernelSymbols ?? kernelSymbols;
      const { plan, asked, periodNs, from, number } = span;
      return {
        number,
        asked,
        planned: plan.engine,
        engine: plan.engine,
        mechanism: plan.mechanism,
        unit: unitOfEngine(plan.engine),
        kernelPart: kernelPartOf(plan.engine, symbols, end),
        kernelSymbols: symbols,
        reason: plan.reason,
        startNs: from.elapsedNs - base.elapsedNs,
        endNs: end.elapsedNs - base.elapsedNs,
        periodNs,
        cpuTimeNs: end.cpuNs - from.cpuNs,
        ...(this.#tallies.get(number) ?? { samples: 0, weightNs: 0 }),
        lost: end.lost - from.lost,
        throttled: end.throttled - from.throttled,
        truncated: end.truncated - from.truncated,
        skipped: 0,
      };
    });
  }

  /**
   * CPU time since `base` and who carries it. Time between two spans, when nothing captured, is not sampled.
   * A wall span neither carries nor owes CPU time.
   */
  balance(now: NativeState, base: NativeState): Balance {
    let cpuTimeNs = now.cpuNs - base.cpuNs;
    let leftOutNs = 0;
    for (const { number, plan, from, to } of this.#spans) {
      const end = to ?? now;
      const usedNs = end.cpuNs - from.cpuNs;
      const weightNs = this.#tallies.get(number)?.weightNs ?? 0;
      if (unitOfEngine(plan.engine) === 'wall') cpuTimeNs -= usedNs;
      const unseenNs = (end.unseenNs ?? 0) - (from.unseenNs ?? 0);
      if (plan.engine === 'cpu-clock') leftOutNs += usedNs - weightNs - unseenNs - (end.lostNs - from.lostNs);
    }
    let weightNs = 0;
    for (const [number, tally] of this.#tallies) {
      if (this.unitOf(number) === 'cpu') weightNs += tally.weightNs;
    }
    const unsampledNs = Math.max(0, cpuTimeNs - weightNs);
    const kernelNotSampledNs = Math.min(unsampledNs, Math.max(0, leftOutNs));
    return { cpuTimeNs, weightNs, kernelNotSampledNs, notSampledNs: unsampledNs - kernelNotSampledNs };
  }
}
