/** A profile that is there as a whole, as a recording: its samples are sums, without times of their own. */
import type { Profile } from '../profile/profile.ts';
import { type Facts, RecordingWriter } from './recording-writer.ts';
import type { RecordedUnit } from './table-codec.ts';

/** @returns pieces of the file */
export function* writeRecording(
  profile: Profile,
  unit: RecordedUnit,
  head: Facts,
  status: Facts,
): Generator<Uint8Array> {
  const held: Uint8Array[] = [];
  const writer = new RecordingWriter((blocks) => held.push(blocks), head);
  for (const rows of profile.tables.rows()) {
    writer.tables(rows);
    yield* held.splice(0);
  }
  for (const names of profile.tables.names()) {
    writer.names(names);
    yield* held.splice(0);
  }
  writer.samples(unit, 0, profile.rows());
  writer.status(status);
  writer.end();
  yield* held;
}
