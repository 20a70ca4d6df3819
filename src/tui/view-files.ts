/** What the view can keep of its session in files: asked for by keys, done by whoever owns the session. */
export interface ViewFiles {
  /** A name for an export that is not taken yet, as the prompt first shows it. */
  suggestExport(): string;
  /** Writes what was gathered so far; the ending chooses the format. @returns where it is, or why not: a line to say */
  export(path: string): Promise<string>;
  /** Begins a recording of all that was gathered and what is to come, or ends it. @returns a line to say */
  toggleRecording(): string;
  readonly isRecording: boolean;
  /** Calls back with a line to say when a recording ends by itself: its disk is full, say. */
  onNews(say: (line: string) => void): void;
  /** After the session has stopped: ends a running recording, awaits exports. @returns a line about it, or '' */
  finish(): Promise<string>;
}
