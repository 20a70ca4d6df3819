/** A native batch as the profile takes it. Names of threads and of a runtime's functions are cleaned here: the target chooses them. */
import type { Batch, SampleColumns } from '../profile/batch.ts';
import { cleanText } from '../profile/clean-text.ts';
import type { Module } from '../profile/frames.ts';
import { fileIdentity } from '../symbolize/recorded-module.ts';
import { type NativeBatch, nativeRuntimes } from './native.ts';

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
    modules: native.modules.map(withFile),
    threads: native.threads.map(({ index, tid, name }) => ({
      index,
      thread: { tid, name: cleanText(name) },
    })),
    functions: native.functions.map(({ name, script, line, runtime }) => ({
      runtime: nativeRuntimes[runtime] ?? 'node',
      name: cleanText(name),
      script: cleanText(script),
      line,
    })),
    samples: native,
  };
}

/** While its descriptor is open: of a recording it tells the file from a later one at its path. */
function withFile(module: Module): Module {
  return module.fd < 0 ? module : { ...module, file: fileIdentity(module.fd) };
}

/** The rows of each span in a batch, in order; views, not copies. */
export function* rowsBySpan(native: NativeBatch): Generator<{ span: number; rows: SampleColumns }> {
  const { span } = native;
  for (let from = 0; from < span.length; ) {
    let to = from + 1;
    while (to < span.length && span[to] === span[from]) to++;
    yield {
      span: span[from] as number,
      rows: {
        timeNs: native.timeNs.subarray(from, to),
        weightNs: native.weightNs.subarray(from, to),
        thread: native.thread.subarray(from, to),
        stack: native.stack.subarray(from, to),
        samples: native.samples.subarray(from, to),
      },
    };
    from = to;
  }
}
