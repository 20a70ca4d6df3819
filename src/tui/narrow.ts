/** Narrowing a list by typing: every word must be in the text, in any order. Pure. */

/** @returns whether `text` has every word of `filter`; capitals make no difference */
export function narrows(filter: string, text: string): boolean {
  const lower = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}

/**
 * How well `text` answers what was typed: 0 it begins so, 1 a word of it does, 2 it has every word, 3 it has the letters
 * in this order; undefined: not at all.
 */
export function answerRank(filter: string, text: string): 0 | 1 | 2 | 3 | undefined {
  const [typed, lower] = [filter.trim().toLowerCase(), text.toLowerCase()];
  if (lower.startsWith(typed)) return 0;
  if (lower.includes(` ${typed}`)) return 1;
  if (narrows(typed, lower)) return 2;
  return hasInOrder(lower, typed.replaceAll(/\s/g, '')) ? 3 : undefined;
}

function hasInOrder(text: string, letters: string): boolean {
  let at = -1;
  return Array.from(letters).every((letter) => {
    at = text.indexOf(letter, at + 1);
    return at >= 0;
  });
}
