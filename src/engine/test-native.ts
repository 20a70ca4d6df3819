/** What a native session says before anything has happened, for tests. */
import type { NativeBatch, NativeState } from './native.ts';

export const zeroState: NativeState = {
  hasExited: false,
  elapsedNs: 0,
  cpuNs: 0,
  stackBytes: 16384,
  samples: 0,
  truncated: 0,
  execs: 0,
  notKept: 0,
  shortLivedNs: 0,
  lost: 0,
  lostNs: 0,
  throttled: 0,
  ringKib: 0,
  ringKibWanted: 0,
  threadsFollowed: 1,
  threadsRefused: 0,
  runningStacks: 0,
};

export const emptyBatch: NativeBatch = {
  rows: {
    frameKind: new Uint8Array(),
    frameModule: new Uint32Array(),
    frameAddress: new BigUint64Array(),
    frameFunctionStart: new BigUint64Array(),
    stackParent: new Uint32Array(),
    stackFrame: new Uint32Array(),
  },
  modules: [],
  threads: [],
  functions: [],
  timeNs: new Float64Array(),
  weightNs: new Float64Array(),
  thread: new Uint32Array(),
  stack: new Uint32Array(),
  span: new Uint32Array(),
  samples: new Uint32Array(),
};
