/** Interned functions: what a row shows. Two frames of one function have the same id, so the tree sums by function. */
import { type FunctionKind, type MarkedLabel, markedLabels } from './frames.ts';

export interface ProfileFunction {
  readonly id: number;
  readonly name: string;
  /** File name of the module, `kernel`, a kernel module, or ''. */
  readonly module: string;
  readonly kind: FunctionKind;
  /** Path and line where a function of a runtime begins. */
  readonly source?: string | undefined;
}

export class Functions {
  readonly #all: ProfileFunction[] = [];
  readonly #byKey = new Map<string, number>();

  intern(name: string, module: string, kind: FunctionKind, source?: string): number {
    const key = `${kind}\0${module}\0${name}\0${source ?? ''}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const id = this.#all.length;
    this.#all.push({ id, name, module, kind, source });
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
