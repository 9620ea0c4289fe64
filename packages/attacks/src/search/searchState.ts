import * as tf from '@tensorflow/tfjs-core';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';

/** What an attack remembers from step to step: replaced as a whole, so that what is no longer part of it is freed. */
export class SearchState<T extends object> {
  #value: T;

  /** @param make the first state; called inside a tidy */
  constructor(make: () => T) {
    this.#value = tidyObject(make);
  }

  /** The present state. Its tensors live until the state that leaves them out. */
  get value(): T {
    return this.#value;
  }

  /** The next state, made inside a tidy; frees what of the previous one is not in it. */
  advance(make: (value: T) => T): void {
    const previous = this.#value;
    this.#value = tidyObject(() => make(previous));
    const kept = new Set(tensorsIn(this.#value));
    for (const tensor of tensorsIn(previous)) if (!kept.has(tensor)) tensor.dispose();
  }

  /** Keeps some rows of every tensor in it, whose first axis is the batch. @param rows their indices, int32 */
  takeRows(rows: tf.Tensor1D): void {
    this.advance((value) => takeRows(value, rows));
  }

  /** Frees all of it. */
  dispose(): void {
    tf.dispose(tensorsIn(this.#value));
    this.#value = {} as T;
  }
}

function tensorsIn(state: object): tf.Tensor[] {
  return tf.tensor_util.getTensorsInContainer(state as tf.TensorContainer);
}
