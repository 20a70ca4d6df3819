/**
 * Tells what keys do on the screen, one after the other, and keeps which ones were told: so a test can say of which key of
 * the key map nobody told anything.
 */
import assert from 'node:assert/strict';
import type { ListName } from '../../src/tui/keys/keymap.ts';
import { type Screen, selectedLine, type TestTerminal } from './terminal.ts';

/** Words that are on the screen, or what is true of it. */
export type Sight = string | ((screen: Screen) => boolean);

export class KeyStory {
  readonly #terminal: TestTerminal;
  readonly #list: ListName;
  readonly #told: Set<string>;

  /** @param told gets `list key` of each key that was told of */
  constructor(terminal: TestTerminal, list: ListName, told: Set<string>) {
    this.#terminal = terminal;
    this.#list = list;
    this.#told = told;
  }

  /** Presses a key, and sees what was not to be seen before. */
  async does(key: string, sight: Sight): Promise<void> {
    assert.ok(!sees(sight)(this.#terminal.screen), `before ${this.#list} ${key}: ${sight} is seen already`);
    await this.on(sight, key);
    this.#told.add(`${this.#list} ${key}`);
  }

  /** Goes on to another place by any keys; tells of none of them. */
  async on(sight: Sight, ...keys: readonly string[]): Promise<void> {
    this.#terminal.press(...keys);
    await this.#terminal.until(sees(sight), `${this.#list} ${keys.join(' ')}: ${sight}`);
  }
}

function sees(sight: Sight): (screen: Screen) => boolean {
  return typeof sight === 'string' ? (screen) => screen.text.includes(sight) : sight;
}

/** The cursor is on a row with these words. */
export function cursorOn(text: string): (screen: Screen) => boolean {
  return (screen) => selectedLine(screen).includes(text);
}

export function without(text: string): (screen: Screen) => boolean {
  return (screen) => !screen.text.includes(text);
}

/** The first of the two lines about what is under the cursor, at the foot of a screen of 30 lines. */
export function detailsOf(name: string): (screen: Screen) => boolean {
  return (screen) => screen.lines.at(-3)?.startsWith(name) ?? false;
}
