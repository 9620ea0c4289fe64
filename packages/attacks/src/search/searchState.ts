import * as tf from '@tensorflow/tfjs-core';
import { takeRows } from '../tensors/takeRows.js';
import { tidyObject } from '../tensors/tidyObject.js';

/** What a search remembers from step to step. A state is replaced as a whole, which frees the tensors that it drops. */
export class SearchState<T extends object> {
  #value: T;

  /** @param make the first value; called inside a tidy */
  constructor(make: () => T) {
    this.#value = tidyObject(make);
  }

  /** The present value. Its tensors live until a value comes that doesn't contain them. */
  get value(): T {
    return this.#value;
  }

  /** Makes the next value, inside a tidy, and frees the tensors of the previous one that it doesn't contain. */
  advance(make: (value: T) => T): void {
    const previous = this.#value;
    this.#value = tidyObject(() => make(previous));
    const kept = new Set(tensorsIn(this.#value));
    for (const tensor of tensorsIn(previous)) if (!kept.has(tensor)) tensor.dispose();
  }

  /** Keeps some rows of every tensor, whose first axis is the batch. @param rows their indices, int32 */
  takeRows(rows: tf.Tensor1D): void {
    this.advance((value) => takeRows(value, rows));
  }

  /** Frees all tensors. */
  dispose(): void {
    tf.dispose(tensorsIn(this.#value));
    this.#value = {} as T;
  }
}

function tensorsIn(state: object): tf.Tensor[] {
  return tf.tensor_util.getTensorsInContainer(state as tf.TensorContainer);
}
