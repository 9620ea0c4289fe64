import * as tf from '@tensorflow/tfjs-core';

/** Questions to tensors that are answered together, with one transfer from the backend. */
export class BatchedRead {
  readonly #requests: { tensor: tf.Tensor1D; answer: (values: Float32Array) => void }[] = [];

  /** Asks for the values of what `compute` makes, inside a tidy; `answer` gets them when all are there. */
  add(compute: () => tf.Tensor, answer: (values: Float32Array) => void): void {
    const tensor = tf.tidy(() => tf.reshape<tf.Rank.R1>(tf.cast(compute(), 'float32'), [-1]));
    this.#requests.push({ tensor, answer });
  }

  /** Fetches the values and gives the answers in the order of the questions. */
  async run(): Promise<void> {
    if (this.#requests.length === 0) return;
    const all = tf.concat1d(this.#requests.map(({ tensor }) => tensor));
    try {
      const values = (await all.data()) as Float32Array;
      let offset = 0;
      for (const { tensor, answer } of this.#requests) {
        answer(values.subarray(offset, offset + tensor.size));
        offset += tensor.size;
      }
    } finally {
      all.dispose();
      this.dispose();
    }
  }

  /** Frees what was asked and not read. */
  dispose(): void {
    for (const { tensor } of this.#requests.splice(0)) tensor.dispose();
  }
}
