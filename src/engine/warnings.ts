/** Stands until the table of warnings lands; shape is final. */
export interface Warning {
  readonly code: string;
  /** One short line for the banner: what is degraded. */
  readonly title: string;
  readonly cause: string;
  /** One command or step that cures it, ready to paste; undefined when there is none. */
  readonly cure: string | undefined;
}
