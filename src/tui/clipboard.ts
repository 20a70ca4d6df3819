/**
 * The terminal's clipboard by OSC 52. The terminal never answers, so nobody knows whether it took the text.
 */

// Terminals cut longer strings, some drop them whole.
const mostBytes = 100_000;
/** GNU screen 4 keeps 768 bytes of a control string and drops longer ones. */
const screenChunk = 512;

/** @param env tells what stands between us and the terminal */
export function copyBytes(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const kept = Buffer.from(text).subarray(0, mostBytes);
  const sequence = `\x1b]52;c;${kept.toString('base64')}\x07`;
  if (env['TMUX'] !== undefined) return sequence + throughTmux(sequence);
  return env['STY'] === undefined ? sequence : throughScreen(sequence);
}

/**
 * tmux takes the sequence itself (`set-clipboard on`) or passes on what is wrapped, each Esc doubled (`allow-passthrough
 * on`): which of them is on cannot be seen from here.
 */
function throughTmux(sequence: string): string {
  return `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}\x1b\\`;
}

/** Screen passes on the inside of a device control string: screen(1), "Virtual Terminal". */
function throughScreen(sequence: string): string {
  const chunks = sequence.match(new RegExp(`.{1,${screenChunk}}`, 'g')) ?? [];
  return chunks.map((chunk) => `\x1bP${chunk}\x1b\\`).join('');
}
