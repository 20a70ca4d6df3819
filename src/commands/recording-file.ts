/**
 * The file of a recording while it grows: whole blocks are appended as they come. A write that fails (disk full, reader
 * gone) ends the file at its last whole block, never the capture.
 */
import { fchmodSync, fstatSync, fsyncSync, ftruncateSync } from 'node:fs';
import type { CaptureSession } from '../engine/session.ts';
import type { RunSummary } from '../export/summary.ts';
import { markedLabels } from '../profile/frames.ts';
import { type Facts, RecordingWriter } from '../record/recording-writer.ts';
import { writeRecording } from '../record/write-recording.ts';
import { reasonOf, writeWhole } from './output-file.ts';
import type { RunBegin } from './run-summary.ts';
import { version } from './version.ts';

export class RecordingFile {
  readonly #stopKeeping: () => void;
  readonly #fd: number;
  readonly #onFailure: (reason: string) => void;
  readonly #writer: RecordingWriter;
  #wholeBytes = 0;
  #failure: string | undefined;

  /**
   * Begins with what the session has gathered since its last reset, and follows it.
   * @param onFailure hears once why nothing more can be written
   */
  constructor(session: CaptureSession, begin: RunBegin, fd: number, onFailure: (reason: string) => void) {
    this.#fd = fd;
    this.#onFailure = onFailure;
    this.#takePlace();
    this.#writer = new RecordingWriter((blocks) => this.#append(blocks), headOf(begin));
    const writer = this.#writer;
    this.#stopKeeping = session.keep({
      tables: (rows) => writer.tables(rows),
      names: (names) => writer.names(names),
      samples: (unit, span, rows) => writer.samples(unit, span, rows),
      reset: () => writer.reset(),
      status: (status) => writer.status({ ...status }),
    });
  }

  /** Why it ends before the capture; undefined while all is well. */
  get failure(): string | undefined {
    return this.#failure;
  }

  get bytes(): number {
    return this.#wholeBytes;
  }

  /** The recording is complete: nothing follows. The file stays open. */
  end(): void {
    this.#stopKeeping();
    this.#writer.end();
    if (this.#failure !== undefined) return;
    try {
      fsyncSync(this.#fd);
    } catch {
      // A pipe or a device has nothing to sync.
    }
  }

  #append(blocks: Uint8Array): void {
    if (this.#failure !== undefined) return;
    try {
      writeWhole(this.#fd, blocks);
      this.#wholeBytes += blocks.length;
    } catch (error) {
      this.#failure = reasonOf(error);
      this.#dropTornBlock();
      this.#onFailure(this.#failure);
    }
  }

  /** Of an older file nothing may stay, nor who may read it. */
  #takePlace(): void {
    if (!fstatSync(this.#fd).isFile()) return;
    ftruncateSync(this.#fd, 0);
    try {
      fchmodSync(this.#fd, 0o600);
    } catch {
      // Another user's file, which we may write: its owner says who reads it.
    }
  }

  #dropTornBlock(): void {
    try {
      ftruncateSync(this.#fd, this.#wholeBytes);
    } catch {
      // A pipe: its reader sees a cut recording.
    }
  }
}

/** A run that is over as a recording. */
export function recordingPieces(run: RunSummary): Iterable<Uint8Array> {
  const { version: _, profile, recordedAt, environment, ...status } = run;
  const unsampled = new Map(
    profile.unsampled().map(({ node, weightNs }) => [profile.tree.functionOf(node).name, weightNs]),
  );
  const kernelNotSampledNs = unsampled.get(markedLabels.kernelNotSampled) ?? 0;
  const unsampledNs = kernelNotSampledNs + (unsampled.get(markedLabels.notSampled) ?? 0);
  const accounting = { ...status.accounting, kernelNotSampledNs, unsampledNs };
  const unit = run.spans.at(-1)?.unit === 'wall' ? 'wall' : 'cpu';
  return writeRecording(profile, unit, headOf({ recordedAt, environment }), { ...status, unit, accounting });
}

function headOf(begin: RunBegin): Facts {
  return { tool: `prof-tui ${version}`, ...begin };
}
