/** Which measured rows count, and with what weight: all of the run, a part of its time, or what was there at a mark. */
import type { LogPiece, SampleLog } from './sample-log.ts';
import type { StackWeights } from './stack-weights.ts';
import { secondsOf, type TimeSpan, weightLeft } from './time-span.ts';

/** @param second in which it was spent, where that is known */
export type TakeRow = (row: number, weightNs: number, samples: number, second?: number) => void;

/** One walk over rows; a row may come more than once. */
export interface RowSelection {
  /** Gives the next rows, some hundreds at a time. @returns whether there are no more */
  step(take: TakeRow): boolean;
}

/** Which rows are behind what is shown, and how much of each. */
export interface CountedRows {
  /** Thread indexes; empty for all of them. */
  readonly threads: ReadonlySet<number>;
  /** By row: what of it counts. Rows beyond its end are newer and do not. Undefined: all of each, as it is now. */
  readonly rowNs?: Float64Array | undefined;
}

/** What of a row counts, in ns. */
export function countedNs(weights: StackWeights, { threads, rowNs }: CountedRows, row: number): number {
  if (threads.size > 0 && !threads.has(weights.thread.at(row))) return 0;
  return rowNs === undefined ? weights.weightNs.at(row) : (rowNs[row] ?? 0);
}

const rowsPerStep = 512;

/** Weights as they were at one instant: what is compared with. */
export interface Baseline {
  /** The second in which it was taken. */
  readonly second: number;
  readonly weightNs: Float64Array;
  readonly samples: Float64Array;
}

/** @param since only what came after it */
export function allRows(weights: StackWeights, since?: Baseline): RowSelection {
  const rows = weights.length;
  let row = 0;
  return {
    step(take) {
      const end = Math.min(rows, row + rowsPerStep);
      for (; row < end; row++) {
        const weightNs = weights.weightNs.at(row) - (since?.weightNs[row] ?? 0);
        const samples = weights.samples.at(row) - (since?.samples[row] ?? 0);
        if (weightNs !== 0) take(row, weightNs, samples);
      }
      return row === rows;
    },
  };
}

export function baselineRows(baseline: Baseline): RowSelection {
  const { weightNs, samples } = baseline;
  let row = 0;
  return {
    step(take) {
      const end = Math.min(weightNs.length, row + rowsPerStep);
      for (; row < end; row++) {
        if (weightNs[row] !== 0) take(row, weightNs[row] as number, samples[row] as number);
      }
      return row === weightNs.length;
    },
  };
}

/** @param back how many seconds earlier than the span; what decays has then decayed so much less */
export function spanRows(log: SampleLog, span: TimeSpan, nowSecond: number, back = 0): RowSelection {
  const seconds = secondsOf(span, nowSecond) ?? { from: 0, to: nowSecond + 1 };
  const pieces = log.pieces({ from: seconds.from - back, to: seconds.to - back });
  let piece: LogPiece | undefined;
  let entry = 0;
  return {
    step(take) {
      for (let given = 0; given < rowsPerStep; ) {
        if (piece === undefined || entry >= piece.row.length) {
          const next = pieces.next();
          if (next.done === true) return true;
          piece = next.value;
          entry = 0;
        }
        const left = weightLeft(span, piece.second + back, nowSecond);
        for (; entry < piece.row.length && given < rowsPerStep; entry++, given++) {
          const [weightNs, samples] = [piece.weightNs.at(entry), piece.samples.at(entry)];
          take(piece.row.at(entry), weightNs * left, samples * left, piece.second);
        }
      }
      return false;
    },
  };
}
