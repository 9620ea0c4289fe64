import * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../../classifier/classifier.js';
import { tidyObject } from '../../tensors/tidyObject.js';

/**
 * Records where the gradients that an attack follows are 0, whatever its loss. {@link classifier} computes the same as the
 * given classifier. In the first backward pass over the whole batch it records, for each modality, the samples whose
 * gradient is 0.
 */
export class GradientProbe {
  /** The classifier to attack instead of the given one. */
  readonly classifier: Classifier;
  readonly #names: readonly string[];
  readonly #rows: number;
  readonly #flat = new Map<string, tf.Tensor1D>();

  constructor(classifier: Classifier, names: readonly string[], rows: number) {
    this.#names = names;
    this.#rows = rows;
    this.classifier = this.#probed(classifier);
  }

  /** Samples with a gradient of 0, by modality; modalities without a gradient are missing. */
  async flat(): Promise<{ [modality: string]: number[] }> {
    const found: { [modality: string]: number[] } = {};
    for (const [name, tensor] of this.#flat) {
      const flags = await tensor.data();
      found[name] = [...flags.keys()].filter((row) => flags[row] === 1);
    }
    return found;
  }

  /** Frees the records. */
  dispose(): void {
    for (const tensor of this.#flat.values()) tensor.dispose();
    this.#flat.clear();
  }

  #probed(inner: Classifier): Classifier {
    const probed: Classifier = (inputs) => tf.tidy(() => inner(this.#probedInputs(inputs)));
    if (inner.observe) {
      probed.observe = (inputs, names) => tidyObject(() => inner.observe!(this.#probedInputs(inputs), names));
    }
    if (inner.frozen) {
      probed.frozen = (inputs, names) => {
        const frozen = inner.frozen!(inputs, names);
        return Object.assign(this.#probed(frozen), { dispose: () => frozen.dispose() });
      };
    }
    return probed;
  }

  #probedInputs(inputs: Modalities): Modalities {
    const own = this.#names.filter((name) => inputs[name]?.dtype === 'float32');
    return { ...inputs, ...Object.fromEntries(own.map((name) => [name, this.#probe(name, inputs[name]!)])) };
  }

  #probe(name: string, input: tf.Tensor): tf.Tensor {
    const identity = tf.customGrad((x) => ({
      value: tf.clone(x as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => {
        this.#record(name, dy);
        return dy;
      },
    }));
    return identity(input);
  }

  #record(name: string, gradient: tf.Tensor): void {
    if (this.#flat.has(name) || gradient.shape[0] !== this.#rows) return;
    const flat = tf.tidy(() =>
      tf.cast(tf.equal(tf.max(tf.abs(tf.reshape(gradient, [this.#rows, -1])), 1), 0), 'int32'),
    ) as tf.Tensor1D;
    this.#flat.set(name, tf.keep(flat));
  }
}
