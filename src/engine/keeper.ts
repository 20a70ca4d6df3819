/** What a session tells whoever keeps it, in the order in which it happened: a recording, say. */
import type { Batch, SampleColumns } from '../profile/batch.ts';
import type { FrameName } from '../profile/frames.ts';
import type { SessionStatus, Unit } from './status.ts';

/** May not throw: capture goes on whatever becomes of it. */
export interface Keeper {
  /** New rows of the tables; samples refer only to rows told before. */
  tables(rows: Omit<Batch, 'samples'>): void;
  names(names: readonly FrameName[]): void;
  /** @param span the start of an engine that the rows belong to */
  samples(unit: Unit, span: number, rows: SampleColumns): void;
  /** All counters begin anew. */
  reset(): void;
  /** After each tick. */
  status(status: SessionStatus): void;
}
