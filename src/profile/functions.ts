/** Interned functions: what a row shows. Two frames of one function have the same id, so the tree sums by function. */
import { type FrameKind, type FunctionKind, type MarkedLabel, markedLabels, type Origin } from './frames.ts';

export interface ProfileFunction extends Origin {
  readonly id: number;
  readonly name: string;
  /** File name of the module, `kernel`, a kernel module, or ''. */
  readonly module: string;
  readonly kind: FunctionKind;
}

const functionKindOf: Readonly<Partial<Record<FrameKind, FunctionKind>>> = {
  native: 'native',
  kernel: 'kernel',
  'exec-anon': 'jit',
  runtime: 'runtime',
};

/**
 * Of a frame whose function has a name of its own. Generated code that its maker names as the user wrote it is a
 * function of that runtime, whoever said so.
 */
export function kindOfNamed(kind: FrameKind, name: Origin | undefined): FunctionKind | undefined {
  if (kind === 'exec-anon' && name?.runtime !== undefined) return 'runtime';
  return functionKindOf[kind];
}

export class Functions {
  readonly #all: ProfileFunction[] = [];
  readonly #byKey = new Map<string, number>();

  intern(name: string, module: string, kind: FunctionKind, origin: Origin = {}): number {
    const { runtime, script, line } = origin;
    const key = `${kind}\0${module}\0${name}\0${script ?? ''}\0${line ?? ''}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#all.length;
    this.#all.push({ id, name, module, kind, runtime, script, line });
    this.#byKey.set(key, id);
    return id;
  }

  /** The function of a label; it is `marked`, and a kernel label names the kernel as its module. */
  internMarked(label: MarkedLabel): number {
    const isKernel = label === markedLabels.kernelNoSymbols || label === markedLabels.kernelNotSampled;
    return this.intern(label, isKernel ? 'kernel' : '', 'marked');
  }

  at(id: number): ProfileFunction {
    return this.#all[id] as ProfileFunction;
  }
}
