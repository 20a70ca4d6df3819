/**
 * The only call of Ink's `render`. Ink gets a sink instead of the terminal: it lays out and draws what stands still,
 * and the painter takes each frame as lines. Keys never pass through Ink.
 */
import { EventEmitter } from 'node:events';
import { constants } from 'node:os';
import { PassThrough } from 'node:stream';
import { render } from 'ink';
import type { ReactNode } from 'react';
import type { ScreenSize } from './frame.ts';
import { lineWidth } from './frame.ts';
import type { Painter } from './painter.ts';
import { PainterContext } from './region.tsx';

export interface InkHost {
  resize(size: ScreenSize): void;
  unmount(): void;
  /** Rejects with the error of a component that threw. */
  readonly exited: Promise<unknown>;
}

export function renderInto(painter: Painter, size: ScreenSize, app: ReactNode): InkHost {
  const sink = Object.assign(new EventEmitter(), {
    columns: lineWidth(size),
    rows: size.rows,
    isTTY: true,
    write(frame: string) {
      painter.setChrome(frame);
      return true;
    },
  });
  const noInput = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => noInput,
    ref: () => {},
    unref: () => {},
  });
  // `debug` hands over one whole frame per commit: no throttle, no cursor codes, and it draws with CI set as well.
  const ink = withoutSignalListeners(() =>
    render(<PainterContext.Provider value={painter}>{app}</PainterContext.Provider>, {
      stdout: sink as unknown as NodeJS.WriteStream,
      stdin: noInput as unknown as NodeJS.ReadStream,
      stderr: sink as unknown as NodeJS.WriteStream,
      debug: true,
      patchConsole: false,
      exitOnCtrlC: false,
    }),
  );
  return {
    resize(next) {
      sink.columns = lineWidth(next);
      sink.rows = next.rows;
      sink.emit('resize');
    },
    unmount: ink.unmount,
    exited: ink.waitUntilExit(),
  };
}

/**
 * Ink's exit hook listens to every deadly signal, SIGABRT too, and would end the process without giving the terminal
 * back; a listener also takes the place of the handler that native code has for its own death.
 */
function withoutSignalListeners<T>(work: () => T): T {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  const before = new Map(names.map((name) => [name, process.listeners(name)]));
  const result = work();
  for (const name of names) {
    for (const listener of process.listeners(name)) {
      if (!before.get(name)?.includes(listener)) process.off(name, listener);
    }
  }
  return result;
}
