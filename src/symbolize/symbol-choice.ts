/**
 * Which of several names of one address a frame gets. One rule for every source, so that a function keeps its row
 * whether it was named by `.symtab`, `.dynsym` or kallsyms.
 */

export interface NamedSymbol {
  readonly name: string;
  /** FUNC or IFUNC; a label (NOTYPE) otherwise. */
  readonly isFunction: boolean;
  readonly hasSize: boolean;
  readonly isGlobal: boolean;
}

/** Copies made for other callers, and labels that mark where a stretch of the kernel begins or ends. */
const secondName = /^__(pi|pfx|ia32|cfi)_|_(start|end)$|^_(stext|etext|sinittext|einittext)$/;

function leadingUnderscores(name: string): number {
  let count = 0;
  while (name.charCodeAt(count) === 0x5f) count++;
  return count;
}

/**
 * @returns negative when `a` is the better name: functions before labels, sized first, fewest leading underscores
 * (`read`, not `__read`), global first; then the shorter, then the alphabet, so that the choice never depends on order.
 */
export function compareAliases(a: NamedSymbol, b: NamedSymbol): number {
  return (
    Number(b.isFunction) - Number(a.isFunction) ||
    Number(b.hasSize) - Number(a.hasSize) ||
    Number(secondName.test(a.name)) - Number(secondName.test(b.name)) ||
    leadingUnderscores(a.name) - leadingUnderscores(b.name) ||
    Number(b.isGlobal) - Number(a.isGlobal) ||
    a.name.length - b.name.length ||
    (a.name < b.name ? -1 : 1)
  );
}
