/** Narrowing a list by typing: every word must be in the text, in any order. Pure. */

/** @returns whether `text` has every word of `filter`; capitals make no difference */
export function narrows(filter: string, text: string): boolean {
  const lower = text.toLowerCase();
  return filter
    .toLowerCase()
    .split(/\s+/)
    .every((word) => lower.includes(word));
}
