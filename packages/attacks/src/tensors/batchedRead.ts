import * as tf from '@tensorflow/tfjs-core';

/** Reads values of several computations back with one transfer from the backend. */
export class BatchedRead {
  readonly #requests: { tensor: tf.Tensor1D; use: (values: Float32Array) => void }[] = [];

  /** Adds a computation, which is made at once, inside a tidy. {@link run} passes its values to `use`. */
  add(compute: () => tf.Tensor, use: (values: Float32Array) => void): void {
    const tensor = tf.tidy(() => tf.reshape<tf.Rank.R1>(tf.cast(compute(), 'float32'), [-1]));
    this.#requests.push({ tensor, use });
  }

  /** Reads all values and passes them on in the order of the computations. */
  async run(): Promise<void> {
    if (this.#requests.length === 0) return;
    const all = tf.concat1d(this.#requests.map(({ tensor }) => tensor));
    try {
      const values = (await all.data()) as Float32Array;
      let offset = 0;
      for (const { tensor, use } of this.#requests) {
        use(values.subarray(offset, offset + tensor.size));
        offset += tensor.size;
      }
    } finally {
      all.dispose();
      this.dispose();
    }
  }

  /** Frees what was added and not read. */
  dispose(): void {
    for (const { tensor } of this.#requests.splice(0)) tensor.dispose();
  }
}
