import * as tf from '@tensorflow/tfjs-core';
import type { AttackStep } from '../../search/attack.js';

/** Number of steps that are stacked into one tensor. */
const CHUNK = 64;

/** The losses that an attack reports in its first restart. They stay on the backend until they are read. */
export class LossTrace {
  readonly #rows: number;
  #chunks: tf.Tensor2D[] = [];
  #recent: tf.Tensor1D[] = [];
  #steps = 0;
  #single = true;

  constructor(rows: number) {
    this.#rows = rows;
  }

  /** Adds a step. An attack that runs several attacks, or whose rows finish early, has no single series of losses. */
  add({ step, restart, loss }: AttackStep): void {
    if (restart > 1 || !this.#single) return;
    if (step !== this.#steps + 1 || loss.shape[0] !== this.#rows) {
      this.#single = false;
      return;
    }
    this.#steps = step;
    this.#recent.push(tf.keep(tf.clone(loss)));
    if (this.#recent.length === CHUNK) this.#stack();
  }

  /** The losses of each step, or undefined if they are no single series. */
  async read(): Promise<Float32Array[] | undefined> {
    if (!this.#single || this.#steps === 0) return undefined;
    this.#stack();
    const matrices = await Promise.all(this.#chunks.map((chunk) => chunk.data()));
    return matrices.flatMap((values) =>
      Array.from(
        { length: values.length / this.#rows },
        (_, step) => values.slice(step * this.#rows, (step + 1) * this.#rows) as Float32Array,
      ),
    );
  }

  /** Frees all tensors. */
  dispose(): void {
    tf.dispose([...this.#chunks, ...this.#recent]);
    this.#chunks = [];
    this.#recent = [];
  }

  #stack(): void {
    if (this.#recent.length === 0) return;
    const recent = this.#recent;
    this.#chunks.push(tf.keep(tf.tidy(() => tf.stack(recent) as tf.Tensor2D)));
    tf.dispose(recent);
    this.#recent = [];
  }
}
