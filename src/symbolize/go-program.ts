/**
 * Functions, lines and inlined calls of a Go program, by address: what its own stack traces would say. Stripped or not,
 * built with or without debug information. Everything that is read must agree with the rest, else less is told.
 */
import { cachedBytes } from './cached-bytes.ts';
import type { ElfFile } from './elf-file.ts';
import type { SymbolSource } from './elf-symbols.ts';
import { type InlineTrees, readInlineTrees } from './go-inlining.ts';
import { valueAt } from './go-values.ts';
import { type GoFunction, type GoTable, readGoTable } from './gopclntab.ts';

/** A function at an address: the one whose code it is, or one that was inlined there. */
export interface GoPlace {
  readonly name: string;
  /** Where it was written; '' when it cannot be told. */
  readonly script: string;
  /** Its first line, from 1; 0 when it cannot be told. */
  readonly firstLine: number;
  /** Where it stands: a path and a line from 1; '' and 0 when they cannot be told. */
  readonly file: string;
  readonly line: number;
}

export interface GoProgram extends SymbolSource {
  /** Outermost first: the function whose code it is, then what is inlined there. Empty where no Go function is. */
  placesAt(address: number): readonly GoPlace[];
}

/** Deeper than the compiler inlines. */
const mostInlined = 64;

/** @returns `undefined` when the module is no Go program or its table is of an unknown version. */
export function readGoProgram(file: ElfFile): GoProgram | undefined {
  const cached = { ...file, source: cachedBytes(file.source) };
  const table = readGoTable(cached);
  if (table === undefined) return undefined;
  let trees: { readonly found: InlineTrees | undefined } | undefined;
  const reader = new PlaceReader(table, () => {
    trees ??= { found: readInlineTrees(cached, table) };
    return trees.found;
  });
  return {
    length: table.length,
    find(address) {
      const func = table.functionAt(address);
      return (func && table.nameAt(func.nameOffset)) || undefined;
    },
    placesAt: (address) => reader.placesAt(address),
  };
}

interface Declared {
  readonly script: string;
  readonly firstLine: number;
}

interface Step {
  readonly name: string;
  readonly nameOffset: number;
  readonly firstLine: number;
  /** Of its place, from the start of the function whose code it is. */
  readonly offset: number;
}

interface Line {
  readonly file: string;
  readonly line: number;
}

class PlaceReader {
  readonly #table: GoTable;
  readonly #trees: () => InlineTrees | undefined;
  readonly #declarations = new Map<number, Declared>();
  /** By the offset of the name: functions that exist outside of others. For versions whose trees tell no first line. */
  #indexOfName: Map<number, number> | undefined;

  constructor(table: GoTable, trees: () => InlineTrees | undefined) {
    this.#table = table;
    this.#trees = trees;
  }

  placesAt(address: number): readonly GoPlace[] {
    const func = this.#table.functionAt(address);
    const name = func === undefined ? '' : this.#table.nameAt(func.nameOffset);
    // What C compiled and the linker of Go took in has a name there, but no files.
    if (func === undefined || name === '' || func.files === 0) return [];
    const declared = this.#declared(func);
    const inlined = this.#inlinedAt(func, address - func.start);
    if (inlined === undefined) return [{ name, ...declared, file: '', line: 0 }];
    const own = this.#placeOf(name, declared, this.#lineAt(func, inlined.ownOffset));
    const places = inlined.steps.map((step) => {
      const place = this.#lineAt(func, step.offset);
      return this.#placeOf(step.name, this.#declaredByName(step, place.file), place);
    });
    return [own, ...places];
  }

  /** Outermost first; undefined when what is inlined there cannot be read. */
  #inlinedAt(func: GoFunction, offset: number): { ownOffset: number; steps: Step[] } | undefined {
    const steps: Step[] = [];
    for (let at = offset; ; ) {
      const index = this.#inlineIndex(func, at);
      if (index === undefined) return undefined;
      if (index < 0) return { ownOffset: at, steps: steps.reverse() };
      const call = steps.length < mostInlined ? this.#trees()?.callAt(func, index) : undefined;
      if (call === undefined) return undefined;
      steps.push({ ...call, offset: at });
      at = call.callerOffset;
    }
  }

  /** -1: in the function itself; undefined when it cannot be told. */
  #inlineIndex(func: GoFunction, offset: number): number | undefined {
    if (func.inlineIndex === 0) return -1;
    return valueAt((bytes) => this.#table.readValues(func.inlineIndex, bytes), offset);
  }

  #lineAt(func: GoFunction, offset: number): Line {
    const file = this.#fileAt(func, offset);
    const line = this.#valueAt(func.lines, offset) ?? 0;
    return file === '' || line <= 0 ? { file: '', line: 0 } : { file, line };
  }

  /**
   * The compiler gives a few instructions a line of something inlined that, it says, is not there (4 of 28,729 places in
   * esbuild): a line before the first one that a function tells of is none of its lines.
   */
  #placeOf(name: string, declared: Declared, { file, line }: Line): GoPlace {
    const isTold = this.#table.layout === 1.2;
    const isBefore = isTold && file === declared.script && line < declared.firstLine;
    return { name, ...declared, ...(isBefore ? { file: '', line: 0 } : { file, line }) };
  }

  #fileAt(func: GoFunction, offset: number): string {
    const number = this.#valueAt(func.files, offset);
    return number === undefined || number < 0 ? '' : this.#table.fileAt(func.unit + number);
  }

  #valueAt(stream: number, offset: number): number | undefined {
    if (stream === 0) return undefined;
    return valueAt((bytes) => this.#table.readValues(stream, bytes), offset);
  }

  /** By its first instruction that is not inlined from elsewhere: the same for all addresses of a function. */
  #declared(func: GoFunction): Declared {
    const known = this.#declarations.get(func.index);
    if (known !== undefined) return known;
    const declared = this.#readDeclared(func);
    this.#declarations.set(func.index, declared);
    return declared;
  }

  #readDeclared(func: GoFunction): Declared {
    const { ownOffset = -1 } = this.#inlinedAt(func, 0) ?? {};
    if (ownOffset < 0) return { script: '', firstLine: 0 };
    const script = this.#fileAt(func, ownOffset);
    if (script === '') return { script: '', firstLine: 0 };
    // Versions that do not tell: the line of its first instruction, which most often is that of `func`.
    const entryLine = ownOffset === 0 ? Math.max(0, this.#valueAt(func.lines, 0) ?? 0) : 0;
    return { script, firstLine: func.firstLine || entryLine };
  }

  #declaredByName({ nameOffset, firstLine }: Step, file: string): Declared {
    if (firstLine > 0) return { script: file, firstLine };
    const outside = this.#functionNamed(nameOffset);
    return outside === undefined ? { script: file, firstLine: 0 } : this.#declared(outside);
  }

  #functionNamed(nameOffset: number): GoFunction | undefined {
    if (this.#table.layout === 1.2) return undefined;
    if (this.#indexOfName === undefined) {
      this.#indexOfName = new Map();
      for (let i = 0; i < this.#table.length; i++) {
        const func = this.#table.functionOf(i);
        if (func !== undefined) this.#indexOfName.set(func.nameOffset, i);
      }
    }
    const index = this.#indexOfName.get(nameOffset);
    return index === undefined ? undefined : this.#table.functionOf(index);
  }
}
