/** Holds the UI state and tells React when the part it draws has changed. */
import { type Action, reduce, type Structure, type UiState } from './state.ts';

export class Store {
  state: UiState;
  readonly #listeners = new Set<() => void>();

  constructor(state: UiState) {
    this.state = state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly structure = (): Structure => this.state.structure;

  dispatch(action: Action): void {
    const before = this.state.structure;
    this.state = reduce(this.state, action);
    if (this.state.structure === before) return;
    for (const listener of this.#listeners) listener();
  }
}
