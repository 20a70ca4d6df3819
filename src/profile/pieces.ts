/** Work in pieces, as a generator that yields between them. */

/** Goes on until it is done or the time is over. @returns whether it is done, and then what it made */
export function runPieces<T>(
  work: Generator<void, T>,
  isOver: () => boolean,
): { readonly isDone: true; readonly made: T } | { readonly isDone: false } {
  for (;;) {
    const next = work.next();
    if (next.done === true) return { isDone: true, made: next.value };
    if (isOver()) return { isDone: false };
  }
}

/** All of it at once. */
export function runWhole<T>(work: Generator<void, T>): T {
  for (;;) {
    const next = work.next();
    if (next.done === true) return next.value;
  }
}
