/**
 * Demangler for Rust's v0 names (`_R…`), by the grammar of RFC 2603. libstdc++ does not know them. The input is
 * hostile: depth, work and output are bounded, and what is not valid stays as it was.
 */

import { decodePunycode } from './punycode.ts';

const maxInput = 4096;
const maxOutput = 4096;
/** Back references can nest: more levels than any compiler writes. */
const maxDepth = 200;
/** Parsed nodes; back references make the text exponentially longer than the name. */
const maxSteps = 20_000;

const basicTypes: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
};

/** Thrown and caught inside this file only: recursive descent without a check at each call. */
class InvalidName extends Error {}

function invalid(): never {
  throw new InvalidName();
}

interface Identifier {
  readonly disambiguator: number;
  readonly name: string;
}

class Demangler {
  readonly #input: string;
  #at: number;
  #output = '';
  #depth = 0;
  #steps = 0;
  #isSilent = false;
  /** Lifetimes bound by the `for<…>` around the current place. */
  #boundLifetimes = 0;

  constructor(input: string, start: number) {
    this.#input = input;
    this.#at = start;
  }

  /** `_R <path> [<instantiating-crate>]`; @returns the text and where the name ended. */
  symbol(): { readonly text: string; readonly end: number } {
    this.#path(true);
    const text = this.#output;
    if (this.#at < this.#input.length && /[A-Z]/.test(this.#peek())) {
      this.#isSilent = true;
      this.#path(false);
    }
    return { text, end: this.#at };
  }

  #peek(): string {
    return this.#input[this.#at] ?? '';
  }

  #next(): string {
    return this.#input[this.#at++] ?? invalid();
  }

  #eat(tag: string): boolean {
    if (this.#peek() !== tag) return false;
    this.#at++;
    return true;
  }

  #print(text: string): void {
    if (this.#isSilent) return;
    this.#output += text;
    if (this.#output.length > maxOutput) invalid();
  }

  /** `_` is 0, `<digits>_` is one more than the digits say. Crate hashes lose their low bits: they are not shown. */
  #base62(): number {
    if (this.#eat('_')) return 0;
    let value = 0;
    while (!this.#eat('_')) {
      const tag = this.#next();
      const digit = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.indexOf(tag);
      if (digit < 0) invalid();
      value = value * 62 + digit;
    }
    return value + 1;
  }

  #optionalBase62(tag: string): number {
    return this.#eat(tag) ? this.#base62() + 1 : 0;
  }

  #decimal(): number {
    const match = /^(0|[1-9][0-9]{0,4})/.exec(this.#input.slice(this.#at, this.#at + 5));
    if (match === null) invalid();
    this.#at += match[0].length;
    return Number(match[0]);
  }

  #plainIdentifier(): string {
    const isPunycode = this.#eat('u');
    const length = this.#decimal();
    this.#eat('_');
    if (this.#at + length > this.#input.length) invalid();
    const text = this.#input.slice(this.#at, this.#at + length);
    this.#at += length;
    return isPunycode ? (decodePunycode(text) ?? invalid()) : text;
  }

  #identifier(): Identifier {
    return { disambiguator: this.#optionalBase62('s'), name: this.#plainIdentifier() };
  }

  /** Goes one level down; every recursion passes here. */
  #nested(parse: () => void): void {
    if (++this.#depth > maxDepth || ++this.#steps > maxSteps) invalid();
    parse();
    this.#depth--;
  }

  /** Parses again what stood earlier in the name. */
  #backReference(parse: () => void): void {
    const from = this.#at - 1;
    const target = this.#base62() + 2;
    if (target >= from) invalid();
    // Nothing is printed, so the text behind the reference need not be walked.
    if (this.#isSilent) return;
    const resumeAt = this.#at;
    this.#at = target;
    this.#nested(parse);
    this.#at = resumeAt;
  }

  #silently(parse: () => void): void {
    const wasSilent = this.#isSilent;
    this.#isSilent = true;
    parse();
    this.#isSilent = wasSilent;
  }

  /** @param isValue whether generic arguments are written `::<…>` (in expressions) or `<…>` (in types) */
  #path(isValue: boolean): void {
    this.#nested(() => {
      switch (this.#next()) {
        case 'C':
          this.#print(this.#identifier().name);
          return;
        case 'M':
          this.#implPath();
          this.#bracketedType();
          return;
        case 'X':
          this.#implPath();
          this.#qualifiedType();
          return;
        case 'Y':
          this.#qualifiedType();
          return;
        case 'N':
          this.#nestedPath(isValue);
          return;
        case 'I':
          this.#genericPath(isValue);
          return;
        case 'B':
          this.#backReference(() => this.#path(isValue));
          return;
        default:
          invalid();
      }
    });
  }

  #implPath(): void {
    this.#silently(() => {
      this.#optionalBase62('s');
      this.#path(false);
    });
  }

  #bracketedType(): void {
    this.#print('<');
    this.#type();
    this.#print('>');
  }

  #qualifiedType(): void {
    this.#print('<');
    this.#type();
    this.#print(' as ');
    this.#path(false);
    this.#print('>');
  }

  #nestedPath(isValue: boolean): void {
    const namespace = this.#next();
    if (!/[A-Za-z]/.test(namespace)) invalid();
    this.#path(isValue);
    const { disambiguator, name } = this.#identifier();
    if (namespace >= 'a') {
      if (name !== '') this.#print(`::${name}`);
      return;
    }
    // Upper case: made by the compiler, e.g. closures and shims.
    const kind = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace;
    this.#print(`::{${kind}${name === '' ? '' : `:${name}`}#${disambiguator}}`);
  }

  #genericPath(isValue: boolean): void {
    this.#path(isValue);
    this.#print(isValue ? '::<' : '<');
    this.#list(() => this.#genericArgument());
    this.#print('>');
  }

  /** Items up to `E`, separated by commas. @returns how many */
  #list(item: () => void, separator = ', '): number {
    let count = 0;
    for (; !this.#eat('E'); count++) {
      if (count > 0) this.#print(separator);
      item();
    }
    return count;
  }

  #genericArgument(): void {
    if (this.#eat('L')) this.#lifetime(this.#base62());
    else if (this.#eat('K')) this.#constant();
    else this.#type();
  }

  /** 0 is the erased lifetime, others count outwards from the innermost binder. */
  #lifetime(index: number): void {
    if (index === 0) {
      this.#print("'_");
      return;
    }
    const depth = this.#boundLifetimes - index;
    if (depth < 0) invalid();
    this.#print(depth < 26 ? `'${String.fromCharCode(0x61 + depth)}` : `'_${depth}`);
  }

  #withBinder(parse: () => void): void {
    const bound = this.#optionalBase62('G');
    if (bound > maxSteps) invalid();
    if (bound > 0) {
      this.#print('for<');
      for (let i = 0; i < bound; i++) {
        if (i > 0) this.#print(', ');
        this.#boundLifetimes++;
        this.#lifetime(1);
      }
      this.#print('> ');
    }
    parse();
    this.#boundLifetimes -= bound;
  }

  #type(): void {
    const tag = this.#next();
    const basic = basicTypes[tag];
    if (basic !== undefined) {
      this.#print(basic);
      return;
    }
    this.#nested(() => this.#compoundType(tag));
  }

  #compoundType(tag: string): void {
    switch (tag) {
      case 'R':
      case 'Q':
        this.#reference(tag === 'Q');
        return;
      case 'P':
        this.#print('*const ');
        this.#type();
        return;
      case 'O':
        this.#print('*mut ');
        this.#type();
        return;
      case 'A':
      case 'S':
        this.#arrayOrSlice(tag === 'A');
        return;
      case 'T':
        this.#tuple();
        return;
      case 'F':
        this.#withBinder(() => this.#functionType());
        return;
      case 'D':
        this.#dynType();
        return;
      case 'B':
        this.#backReference(() => this.#type());
        return;
      default:
        this.#at--;
        this.#path(false);
        return;
    }
  }

  #reference(isMutable: boolean): void {
    this.#print('&');
    if (this.#eat('L')) {
      const lifetime = this.#base62();
      if (lifetime !== 0) {
        this.#lifetime(lifetime);
        this.#print(' ');
      }
    }
    if (isMutable) this.#print('mut ');
    this.#type();
  }

  #arrayOrSlice(hasLength: boolean): void {
    this.#print('[');
    this.#type();
    if (hasLength) {
      this.#print('; ');
      this.#constant();
    }
    this.#print(']');
  }

  #tuple(): void {
    this.#print('(');
    const count = this.#list(() => this.#type());
    this.#print(count === 1 ? ',)' : ')');
  }

  #functionType(): void {
    if (this.#eat('U')) this.#print('unsafe ');
    if (this.#eat('K')) {
      const abi = this.#eat('C') ? 'C' : this.#plainIdentifier().replaceAll('_', '-');
      this.#print(`extern "${abi}" `);
    }
    this.#print('fn(');
    this.#list(() => this.#type());
    this.#print(')');
    if (this.#eat('u')) return;
    this.#print(' -> ');
    this.#type();
  }

  #dynType(): void {
    this.#print('dyn ');
    this.#withBinder(() => {
      this.#list(() => this.#dynTrait(), ' + ');
    });
    if (!this.#eat('L')) invalid();
    const lifetime = this.#base62();
    if (lifetime === 0) return;
    this.#print(' + ');
    this.#lifetime(lifetime);
  }

  /** A trait and its associated types, which share one pair of brackets with its generic arguments. */
  #dynTrait(): void {
    let isOpen = this.#openTraitPath();
    while (this.#eat('p')) {
      this.#print(isOpen ? ', ' : '<');
      isOpen = true;
      this.#print(`${this.#plainIdentifier()} = `);
      this.#type();
    }
    if (isOpen) this.#print('>');
  }

  /** @returns whether a `<` was left open */
  #openTraitPath(): boolean {
    let isOpen = false;
    if (this.#eat('B')) {
      this.#backReference(() => {
        isOpen = this.#openTraitPath();
      });
    } else if (this.#eat('I')) {
      this.#path(false);
      this.#print('<');
      this.#list(() => this.#genericArgument());
      isOpen = true;
    } else {
      this.#path(false);
    }
    return isOpen;
  }

  /** @param isInner part of another constant: then no braces of its own */
  #constant(isInner = false): void {
    const tag = this.#next();
    if ('ahijlmnostxy'.includes(tag)) this.#integer('ailnsx'.includes(tag));
    else if (tag === 'b') this.#print(this.#hexNumber() === '0' ? 'false' : 'true');
    else if (tag === 'c') this.#character();
    else if (tag === 'p') this.#print('_');
    else if (tag === 'B') this.#backReference(() => this.#constant(isInner));
    else if (tag === 'R' && this.#eat('e')) this.#stringLiteral();
    else this.#nested(() => this.#structuralConstant(tag, isInner));
  }

  #hexNumber(): string {
    const end = this.#input.indexOf('_', this.#at);
    const digits = end < 0 ? '' : this.#input.slice(this.#at, end);
    if (end < 0 || !/^[0-9a-f]*$/.test(digits)) invalid();
    this.#at = end + 1;
    return digits === '' ? '0' : digits;
  }

  #integer(isSigned: boolean): void {
    if (isSigned && this.#eat('n')) this.#print('-');
    const digits = this.#hexNumber();
    this.#print(digits.length > 16 ? `0x${digits}` : BigInt(`0x${digits}`).toString());
  }

  #character(): void {
    const point = Number.parseInt(this.#hexNumber(), 16);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) invalid();
    const character = String.fromCodePoint(point);
    this.#print(`'${character === "'" || character === '\\' ? '\\' : ''}${character}'`);
  }

  /** References, arrays, tuples, structs and strings (rustc-demangle's extension of the RFC), in braces. */
  #structuralConstant(tag: string, isInner: boolean): void {
    if (!isInner) this.#print('{');
    switch (tag) {
      case 'e':
        this.#print('*');
        this.#stringLiteral();
        break;
      case 'R':
      case 'Q':
        this.#print(tag === 'R' ? '&' : '&mut ');
        this.#constant(true);
        break;
      case 'A':
        this.#print('[');
        this.#list(() => this.#constant(true));
        this.#print(']');
        break;
      case 'T':
        this.#print('(');
        this.#print(this.#list(() => this.#constant(true)) === 1 ? ',)' : ')');
        break;
      case 'V':
        this.#path(true);
        this.#variantFields();
        break;
      default:
        invalid();
    }
    if (!isInner) this.#print('}');
  }

  #variantFields(): void {
    switch (this.#next()) {
      case 'U':
        return;
      case 'T':
        this.#print('(');
        this.#list(() => this.#constant(true));
        this.#print(')');
        return;
      case 'S':
        this.#print(' { ');
        this.#list(() => {
          this.#print(`${this.#identifier().name}: `);
          this.#constant(true);
        });
        this.#print(' }');
        return;
      default:
        invalid();
    }
  }

  #stringLiteral(): void {
    const end = this.#input.indexOf('_', this.#at);
    const digits = end < 0 ? '' : this.#input.slice(this.#at, end);
    if (end < 0 || digits.length % 2 !== 0 || !/^[0-9a-f]*$/.test(digits)) invalid();
    this.#at = end + 1;
    this.#print(JSON.stringify(Buffer.from(digits, 'hex').toString('utf8')));
  }
}

/**
 * @param name a symbol that begins with `_R`; any other text comes back unchanged, as does what is not valid v0
 * @returns the path as Rust writes it, without crate hashes; a suffix such as `.cold` stays, `.llvm.…` goes
 */
export function demangleRustV0(name: string): string {
  // Backrefs count from after `_R`; an encoding version would be a digit here and does not exist yet.
  if (!/^_R[A-Z]/.test(name) || name.length > maxInput) return name;
  const dot = name.indexOf('.');
  const mangled = dot < 0 ? name : name.slice(0, dot);
  try {
    const { text, end } = new Demangler(mangled, 2).symbol();
    if (end !== mangled.length && mangled[end] !== '$') return name;
    const suffix = dot < 0 ? '' : name.slice(dot).replace(/\.llvm\.[0-9A-F]+/i, '');
    return text + suffix;
  } catch (error) {
    if (error instanceof InvalidName) return name;
    throw error;
  }
}
