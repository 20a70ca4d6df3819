/** What the live view knows of the command it was started with; made and owned by the command line. */
import type { CommandOutput } from '../engine/command-output.ts';

export interface ViewedCommand {
  readonly name: string;
  readonly output: CommandOutput;
  /** Stops it with us when the user suspends the view, and lets it go on. */
  suspend(): void;
  resume(): void;
  /** Ends it if it still runs. @returns what stays on the main screen: its last output, and how it ended. */
  finish(): Promise<string>;
}
