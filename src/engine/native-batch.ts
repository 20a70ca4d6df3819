/** A native batch as the profile takes it. Thread names are cleaned here: the target chooses them. */
import type { Batch } from '../profile/batch.ts';
import { cleanText } from '../profile/clean-text.ts';
import type { NativeBatch } from './native.ts';

export function toBatch(native: NativeBatch): Batch {
  const { rows } = native;
  return {
    frames: {
      kind: rows.frameKind,
      module: rows.frameModule,
      address: rows.frameAddress,
      functionStart: rows.frameFunctionStart,
    },
    stacks: { parent: rows.stackParent, frame: rows.stackFrame },
    modules: native.modules,
    threads: native.threads.map(({ index, tid, name }) => ({
      index,
      thread: { tid, name: cleanText(name) },
    })),
    samples: native,
  };
}
