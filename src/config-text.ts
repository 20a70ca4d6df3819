/**
 * The text of the config file: JSON with `//` comments, read so that every value knows its line, because an error must
 * say where. Pure.
 */

export type ConfigValue = { readonly line: number } & (
  | { readonly kind: 'scalar'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly ConfigValue[] }
  | { readonly kind: 'object'; readonly entries: readonly ConfigEntry[] }
);

export interface ConfigEntry {
  readonly key: string;
  /** Where the key stands. */
  readonly line: number;
  readonly value: ConfigValue;
}

/** What is wrong with a config file, and where. */
export class ConfigError extends Error {
  readonly line: number;
  constructor(line: number, message: string) {
    super(message);
    this.line = line;
  }
}

interface Token {
  readonly text: string;
  readonly line: number;
}

const tokenPattern = /\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+|"|\n/g;
/** Deeper than any setting; a bound, because reading recurses. */
const deepest = 8;

/** @throws ConfigError */
export function readConfigText(text: string): ConfigValue {
  const reader = new Reader(tokensOf(text));
  const value = reader.value(0);
  reader.end();
  return value;
}

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let line = 1;
  for (const [token] of text.matchAll(tokenPattern)) {
    if (token === '\n') line++;
    else if (!token.startsWith('//')) tokens.push({ text: token, line });
  }
  return tokens;
}

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  value(depth: number): ConfigValue {
    const token = this.#take('a value');
    if (depth > deepest) throw new ConfigError(token.line, 'nested too deep');
    if (token.text === '{') {
      return { kind: 'object', line: token.line, entries: this.#sequence('}', () => this.#entry(depth)) };
    }
    if (token.text === '[') {
      return { kind: 'list', line: token.line, items: this.#sequence(']', () => this.value(depth + 1)) };
    }
    return { kind: 'scalar', line: token.line, value: scalar(token) };
  }

  end(): void {
    const token = this.#tokens[this.#at];
    if (token !== undefined)
      throw new ConfigError(token.line, `nothing is expected after the end: ${token.text}`);
  }

  #entry(depth: number): ConfigEntry {
    const token = this.#take('a key');
    const key = scalar(token);
    if (typeof key !== 'string')
      throw new ConfigError(token.line, `a key in quotes is expected: ${token.text}`);
    this.#expect(':', `after the key "${key}"`);
    return { key, line: token.line, value: this.value(depth + 1) };
  }

  /** Items and commas up to `close`; the last item may have a comma, too. */
  #sequence<T>(close: string, item: () => T): readonly T[] {
    const items: T[] = [];
    for (;;) {
      if (this.#tokens[this.#at]?.text === close) break;
      items.push(item());
      if (this.#tokens[this.#at]?.text !== ',') break;
      this.#at++;
    }
    this.#expect(close, 'or a comma');
    return items;
  }

  #expect(text: string, where: string): void {
    const token = this.#take(`\`${text}\` ${where}`);
    if (token.text !== text) {
      throw new ConfigError(token.line, `\`${text}\` ${where} is expected, not ${token.text}`);
    }
  }

  #take(wanted: string): Token {
    const token = this.#tokens[this.#at++];
    if (token !== undefined) return token;
    throw new ConfigError(this.#tokens.at(-1)?.line ?? 1, `the file ends where ${wanted} is expected`);
  }
}

function scalar({ text, line }: Token): string | number | boolean | null {
  try {
    const value: unknown = JSON.parse(text);
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) {
      return value as string | number | boolean | null;
    }
  } catch {
    // Said below, with the line.
  }
  throw new ConfigError(line, `a value is expected, not ${text}`);
}
