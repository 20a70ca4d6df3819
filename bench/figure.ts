/**
 * What a figure is: a name to ask for it, and rows that it yields as it measures them. A row says what must be
 * reached, what was measured with its spread, and perf(1)'s own figure on the same target where it has one.
 */
import type { Scope } from './scope.ts';

export interface Row {
  /** What was measured on what: `accounted, split`. */
  readonly subject: string;
  readonly must: string;
  /** With its spread: the machine is shared and noisy. */
  readonly measured: string;
  /** perf(1)'s own figure, measured in the same run. */
  readonly perf?: string;
  /** Whether the bound was kept; undefined where this machine cannot measure it, and `measured` says why. */
  readonly holds: boolean | undefined;
}

export interface Figure {
  readonly name: string;
  /** `steady`: kernel settings must not change meanwhile. `own`: it takes the machine lock itself. */
  readonly machine: 'steady' | 'own';
  measure(scope: Scope): AsyncIterable<Row>;
}
