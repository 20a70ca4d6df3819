/** A profile that is there as a whole, as a recording: its samples are sums, without times of their own. */
import type { Profile } from '../profile/profile.ts';
import { type Facts, partsOf, RecordingWriter } from './recording-writer.ts';
import type { RecordedUnit } from './table-codec.ts';

/** @returns pieces of the file; a profile that grows meanwhile is written as it was at the first one */
export function* writeRecording(
  profile: Profile,
  unit: RecordedUnit,
  head: Facts,
  status: Facts,
): Generator<Uint8Array> {
  const spans = [...profile.rows()];
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
  for (const { span, rows } of spans) {
    for (const part of partsOf(rows)) {
      writer.samples(unit, span, part);
      yield* held.splice(0);
    }
  }
  writer.status(status);
  writer.end();
  yield* held;
}
