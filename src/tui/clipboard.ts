/**
 * The terminal's clipboard by OSC 52. The terminal never answers, so nobody knows whether it took the text.
 */

// Terminals cut longer strings, some drop them whole.
const mostBytes = 100_000;

/** @param isInTmux tmux passes a string on only when it is wrapped, with each Esc doubled */
export function copyBytes(text: string, isInTmux: boolean): string {
  const kept = Buffer.from(text).subarray(0, mostBytes);
  const sequence = `\x1b]52;c;${kept.toString('base64')}\x07`;
  return isInTmux ? `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}\x1b\\` : sequence;
}
