import { seeds } from '@amr/layers';
import { initializers, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkEncoder, type Encoder } from '../encoder.js';
import { SeededDropout } from '../layers/seededDropout.js';
import { checkClasses, checkFraction, checkKeys } from '../options.js';

/** Config of {@link singleStream}. */
export interface SingleStreamConfig {
  /** Number of classes, 2 or more. */
  classes: number;
  /** Share of the features dropped in training before the classifier. In [0, 1); default 0. */
  dropout?: number;
  /** Seed of dropout and of the classifier's initial weights. */
  seed?: number;
}

/**
 * A classifier of one modality: the encoder and one dense layer `logits` on its pooled features, as in the papers of the
 * encoders. Train or import it alone, then give the same encoder to `twoStream`: the two models share the weights.
 *
 * Input: the encoder's. Output: [batch, classes], no softmax.
 *
 * @throws {EncoderConfigError} when an option is out of its range
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { singleStream, stgcn } from '@amr/encoders';
 *
 * const encoder = stgcn({ frames: 8, persons: 1, layout: 'utd-mhad', width: 4, blocks: [1, 1] });
 * const classifier = singleStream(encoder, { classes: 27 });
 * console.log((classifier.predict(tf.ones([2, 1, 8, 20, 3])) as tf.Tensor).shape); // [2, 27]
 * ```
 */
export function singleStream(encoder: Encoder, config: SingleStreamConfig): LayersModel {
  checkEncoder('singleStream.encoder', encoder);
  checkKeys('singleStream', config, { classes: true, dropout: true, seed: true });
  const { classes, dropout = 0 } = config;
  checkClasses('singleStream', classes);
  checkFraction('singleStream.dropout', dropout);
  const seed = seeds(config.seed);
  const kernelInitializer = initializers.glorotUniform({ seed: seed() });
  const features =
    dropout > 0
      ? new SeededDropout({ rate: dropout, seed: seed(), name: 'dropout' }).apply(encoder.features)
      : encoder.features;
  const logits = layers.dense({ units: classes, kernelInitializer, name: 'logits' }).apply(features);
  return model({
    inputs: encoder.input,
    outputs: logits as SymbolicTensor,
    name: `${encoder.input.sourceLayer.name}Classifier`,
  });
}
