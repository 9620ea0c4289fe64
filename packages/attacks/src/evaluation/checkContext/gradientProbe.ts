import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../../classifier/classifier.js';
import { tidyObject } from '../../tensors/tidyObject.js';

/**
 * Looks at the gradients that an attack follows, whatever its loss: {@link classifier} does what the given one does,
 * and notes of each modality for which samples the gradient is 0 in the first backward pass over the whole batch.
 */
export class GradientProbe {
  /** To be attacked in place of the given one. */
  readonly classifier: Classifier;
  readonly #names: readonly string[];
  readonly #rows: number;
  readonly #flat = new Map<string, tf.Tensor1D>();

  constructor(classifier: Classifier, names: readonly string[], rows: number) {
    this.#names = names;
    this.#rows = rows;
    this.classifier = this.#watching(classifier);
  }

  /** Samples with a gradient of 0, by modality; modalities of which no gradient was taken are missing. */
  async flat(): Promise<{ [modality: string]: number[] }> {
    const found: { [modality: string]: number[] } = {};
    for (const [name, tensor] of this.#flat) {
      const flags = await tensor.data();
      found[name] = [...flags.keys()].filter((row) => flags[row] === 1);
    }
    return found;
  }

  /** Frees what was noted. */
  dispose(): void {
    for (const tensor of this.#flat.values()) tensor.dispose();
    this.#flat.clear();
  }

  #watching(inner: Classifier): Classifier {
    const watched: Classifier = (inputs) => tf.tidy(() => inner(this.#watched(inputs)));
    if (inner.observe) {
      watched.observe = (inputs, names) => tidyObject(() => inner.observe!(this.#watched(inputs), names));
    }
    if (inner.frozen) {
      watched.frozen = (inputs, names) => {
        const frozen = inner.frozen!(inputs, names);
        return Object.assign(this.#watching(frozen), { dispose: () => frozen.dispose() });
      };
    }
    return watched;
  }

  #watched(inputs: Modalities): Modalities {
    const own = this.#names.filter((name) => inputs[name]?.dtype === 'float32');
    return { ...inputs, ...Object.fromEntries(own.map((name) => [name, this.#watch(name, inputs[name]!)])) };
  }

  #watch(name: string, input: tf.Tensor): tf.Tensor {
    const identity = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        this.#note(name, dy);
        return dy;
      },
    }));
    return identity(input);
  }

  #note(name: string, gradient: tf.Tensor): void {
    if (this.#flat.has(name) || gradient.shape[0] !== this.#rows) return;
    const flat = tf.tidy(() =>
      tf.cast(tf.equal(tf.max(tf.abs(tf.reshape(gradient, [this.#rows, -1])), 1), 0), 'int32'),
    ) as tf.Tensor1D;
    this.#flat.set(name, tf.keep(flat));
  }
}
