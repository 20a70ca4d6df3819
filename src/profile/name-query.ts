/** What is looked for by name: a pattern as typed, or one exact function name; and the test that it stands for. */
import type { ProfileFunction } from './functions.ts';

export interface NameQuery {
  /** A regular expression; `module:` before one for modules, `runtime:` before one for language runtimes. */
  readonly text: string;
  readonly isExact: boolean;
}

type Matcher = (func: ProfileFunction) => boolean;

/** Smart case: capitals in the pattern make it exact. A pattern that is no valid regex is taken as text. */
export function matcherOf(query: NameQuery): Matcher {
  if (query.isExact) return (func) => func.name === query.text;
  const [, field = 'name', text = query.text] = /^(module|runtime):(.+)$/.exec(query.text) ?? [];
  const pattern = compile(text);
  return (func) => pattern.test(func[field as 'name' | 'module' | 'runtime'] ?? '');
}

function compile(text: string): RegExp {
  const flags = /\p{Lu}/u.test(text) ? '' : 'i';
  try {
    return new RegExp(text, flags);
  } catch {
    return new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), flags);
  }
}
