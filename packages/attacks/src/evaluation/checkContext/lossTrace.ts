import * as tf from '@tensorflow/tfjs-core';
import type { AttackStep } from '../../search/attack.js';

/** Steps that are joined into one tensor. */
const CHUNK = 64;

/** The losses that an attack reports in its first restart, kept on the backend until the end. */
export class LossTrace {
  readonly #rows: number;
  #chunks: tf.Tensor2D[] = [];
  #recent: tf.Tensor1D[] = [];
  #steps = 0;
  #whole = true;

  constructor(rows: number) {
    this.#rows = rows;
  }

  /** Notes a step. Attacks made of several, or whose samples leave on the way, have no single course of the loss. */
  add({ step, restart, loss }: AttackStep): void {
    if (restart > 1 || !this.#whole) return;
    if (step !== this.#steps + 1 || loss.shape[0] !== this.#rows) {
      this.#whole = false;
      return;
    }
    this.#steps = step;
    this.#recent.push(tf.keep(tf.clone(loss)));
    if (this.#recent.length === CHUNK) this.#join();
  }

  /** The losses of each step, if it was one course. */
  async read(): Promise<Float32Array[] | undefined> {
    if (!this.#whole || this.#steps === 0) return undefined;
    this.#join();
    const matrices = await Promise.all(this.#chunks.map((chunk) => chunk.data()));
    return matrices.flatMap((values) =>
      Array.from(
        { length: values.length / this.#rows },
        (_, step) => values.slice(step * this.#rows, (step + 1) * this.#rows) as Float32Array,
      ),
    );
  }

  /** Frees all of it. */
  dispose(): void {
    tf.dispose([...this.#chunks, ...this.#recent]);
    this.#chunks = [];
    this.#recent = [];
  }

  #join(): void {
    if (this.#recent.length === 0) return;
    const recent = this.#recent;
    this.#chunks.push(tf.keep(tf.tidy(() => tf.stack(recent) as tf.Tensor2D)));
    tf.dispose(recent);
    this.#recent = [];
  }
}
