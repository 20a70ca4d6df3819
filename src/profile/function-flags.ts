/** Yes or no per function, asked once: there are far fewer functions than nodes. */
import { Column, uint8 } from './column.ts';

const no = 1;
const yes = 2;

export class FunctionFlags {
  readonly #answers = new Column(uint8);
  readonly #ask: (functionId: number, node: number) => boolean;
  /** How many functions said yes. */
  positive = 0;

  /** @param ask its second argument is a node of the function, -1 when none was given */
  constructor(ask: (functionId: number, node: number) => boolean) {
    this.#ask = ask;
  }

  has(functionId: number, node = -1): boolean {
    const known = this.#answers.values[functionId] ?? 0;
    return known === 0 ? this.#answer(functionId, node) : known === yes;
  }

  #answer(functionId: number, node: number): boolean {
    const answer = this.#ask(functionId, node);
    this.#answers.reserve(functionId + 1);
    this.#answers.values[functionId] = answer ? yes : no;
    if (answer) this.positive++;
    return answer;
  }
}
