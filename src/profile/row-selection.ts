/** Which measured rows count, and with what weight: all of the run, a part of its time, or what was there at a mark. */
import type { LogPiece, SampleLog } from './sample-log.ts';
import type { StackWeights } from './stack-weights.ts';
import { secondsOf, type TimeSpan, weightLeft } from './time-span.ts';

export type TakeRow = (row: number, weightNs: number, samples: number) => void;

/** One walk over rows; a row may come more than once. */
export interface RowSelection {
  /** Gives the next rows, some hundreds at a time. @returns whether there are no more */
  step(take: TakeRow): boolean;
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

/** @param back how many seconds earlier than the span */
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
        const left = weightLeft(span, piece.second, nowSecond);
        for (; entry < piece.row.length && given < rowsPerStep; entry++, given++) {
          take(piece.row.at(entry), piece.weightNs.at(entry) * left, piece.samples.at(entry) * left);
        }
      }
      return false;
    },
  };
}
