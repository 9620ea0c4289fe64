import type * as tf from '@tensorflow/tfjs-core';
import { SearchState } from './searchState.js';

/**
 * Owns the tensors of a search. A search keeps everything that outlives a step in states of the scratch, which frees them
 * when the search ends, however it ends. When finished rows are removed from the batch, the scratch cuts all states to the
 * active rows, so that searches needn't know of it.
 */
export class Scratch {
  readonly #states: SearchState<object>[] = [];
  readonly #derived: SearchState<object>[] = [];
  /** Makes the derived states again. */
  readonly #rebuild: (() => void)[] = [];

  /** Makes a state. The first axis of all its tensors is the batch. */
  state<T extends object>(make: () => T): SearchState<T> {
    const state = new SearchState(make);
    this.#states.push(state as unknown as SearchState<object>);
    return state;
  }

  /** Makes a state that follows from the problem in another way than row by row. It is made again when rows are removed. */
  stateFromProblem<T extends object>(make: () => T): SearchState<T> {
    const state = new SearchState(make);
    this.#derived.push(state as unknown as SearchState<object>);
    this.#rebuild.push(() => state.advance(make));
    return state;
  }

  /** Keeps these rows of all states. @param rows their indices, int32 */
  takeRows(rows: tf.Tensor1D): void {
    for (const state of this.#states) state.takeRows(rows);
  }

  /** Makes the states that follow from the problem again. */
  rebuild(): void {
    for (const rebuild of this.#rebuild) rebuild();
  }

  /** Frees all states. */
  dispose(): void {
    for (const state of [...this.#states.splice(0), ...this.#derived.splice(0)]) state.dispose();
  }
}
