/** One line of typed text, in every input of the screen. Pure. */
import { clean } from './text.ts';

const longestLine = 200;

/** A line of text after an editing key; undefined when the key does not edit. */
export function editText(text: string, key: string): string | undefined {
  if (key === 'space') return limited(`${text} `);
  if (key === 'ctrl+u') return '';
  if (key === 'ctrl+w') return withoutWord(text);
  if (key === 'backspace') return text === '' ? undefined : Array.from(text).slice(0, -1).join('');
  return Array.from(key).length === 1 ? limited(text + clean(key)) : undefined;
}

/** The line without its last word and the blanks after it. */
export function withoutWord(text: string): string {
  return text.replace(/\S*\s*$/, '');
}

/** What is pasted is text, never a command: its first line, cleaned. */
export function pasteText(text: string, pasted: string): string {
  return limited(text + clean(pasted.split(/[\r\n]/)[0] ?? ''));
}

function limited(text: string): string {
  return text.slice(0, longestLine);
}
