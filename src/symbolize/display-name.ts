/**
 * From the raw name of a symbol to what may be shown: demangled, without compiler hashes, without characters that
 * could command a terminal. Everything that leaves the symbolizer goes through here once.
 */
import { cleanText } from '../profile/clean-text.ts';

/** Longer mangled names stay as they are: their demangled form fills screens and can be made to explode. */
export const maxMangledLength = 4096;

/** `.cold`, `.part.0`, `.constprop.0`: what the compiler split off keeps its suffix. LLVM's module numbers do not. */
interface MangledParts {
  readonly mangled: string;
  readonly suffix: string;
}

/** Rust's old mangling has dots of its own, before the hash. */
const rustMangled = /^_ZN.*17h[0-9a-f]{16}E(?=\.|$)/;

function splitSuffix(name: string): MangledParts {
  const dot = name.indexOf('.', rustMangled.exec(name)?.[0].length ?? 0);
  if (dot < 0) return { mangled: name, suffix: '' };
  return { mangled: name.slice(0, dot), suffix: name.slice(dot).replace(/\.llvm\.[0-9A-F]+/i, '') };
}

const rustEscapes: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

/** Undoes rustc's old mangling inside an Itanium name: `$LT$` and `..`, and the trailing hash. */
function unescapeRust(demangled: string): string {
  return demangled
    .replace(/::h[0-9a-f]{16}$/, '')
    .replace(/(^|::)_\$/g, '$1$')
    .replace(
      /\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g,
      (whole, code: string | undefined, word: string | undefined) => {
        if (word !== undefined) return rustEscapes[word] ?? whole;
        const point = Number.parseInt(code as string, 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      },
    )
    .replaceAll('..', '::');
}

const rustHash = /::h[0-9a-f]{16}$/;

/**
 * @param names raw names, any mixture; only `_Z…` are changed
 * @param demangle Itanium demangling of a batch, same order and length; a name it cannot read comes back unchanged
 * @returns the same order; clean text
 */
export function displayNames(
  names: readonly string[],
  demangle: (names: readonly string[]) => readonly string[],
): string[] {
  const parts = new Map<string, MangledParts>();
  for (const name of names) {
    if (name.startsWith('_Z') && name.length <= maxMangledLength) parts.set(name, splitSuffix(name));
  }
  const mangled = [...new Set([...parts.values()].map((part) => part.mangled))];
  const demangled = mangled.length === 0 ? [] : demangle(mangled);
  const readable = new Map(mangled.map((name, i) => [name, demangled[i] ?? name]));
  return names.map((name) => {
    const part = parts.get(name);
    if (part === undefined) return cleanText(name);
    const text = readable.get(part.mangled) ?? part.mangled;
    return cleanText((rustHash.test(text) ? unescapeRust(text) : text) + part.suffix);
  });
}
