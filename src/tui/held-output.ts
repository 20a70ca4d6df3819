/**
 * Keeps stderr and Node's warnings off the screen while the program draws on it; they come out after the terminal
 * was given back.
 */

export interface HeldOutput {
  /** Lets stderr through again and prints what was held. */
  release(): void;
}

/** More than this is a flood; the end of it says most. */
const mostHeldBytes = 65536;

export function holdStderr(): HeldOutput {
  const { stderr } = process;
  const write = stderr.write;
  const warningListeners = process.listeners('warning');
  let held = '';
  const keep = (text: string) => {
    held = (held + text).slice(-mostHeldBytes);
  };
  // Node's own listener writes to the descriptor and not to the stream.
  process.removeAllListeners('warning');
  const onWarning = (warning: Error) => keep(`(node) ${warning.name}: ${warning.message}\n`);
  process.on('warning', onWarning);
  stderr.write = ((chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    keep(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString());
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') queueMicrotask(() => callback());
    return true;
  }) as typeof stderr.write;
  return {
    release() {
      stderr.write = write;
      process.off('warning', onWarning);
      for (const listener of warningListeners) process.on('warning', listener);
      if (held !== '') stderr.write(held);
      held = '';
    },
  };
}
