/**
 * Names come from hostile places (comm, command lines, symbols): control and bidirectional characters become a dot
 * once, at the border, so that nothing unfiltered can reach a terminal or a file.
 */
const unsafe = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

export function cleanText(text: string): string {
  return text.replaceAll(unsafe, '·');
}
