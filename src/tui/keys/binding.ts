/** One row of the key map. */

export interface Binding<Command extends string> {
  readonly command: Command;
  /** Names as the input parser gives them; the first ones are shown. */
  readonly keys: readonly string[];
  readonly text: string;
  readonly section: string;
  /** Short word for the footer; only keys that have one stand there, in this order. */
  readonly hint?: string;
}

/** Keeps the names of the commands as types, so that a command without its function does not compile. */
export function bind<const Command extends string>(
  list: readonly Binding<Command>[],
): readonly Binding<Command>[] {
  return list;
}
