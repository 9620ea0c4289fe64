import type { Modalities } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { normal, uniform } from './models.js';

type Symbol = tfl.SymbolicTensor;

/** Features of two modalities and weights `[batch, 2]`; gives both features times their weight, and twice that. */
class Gate extends tfl.layers.Layer {
  static className = 'TestGate';

  override computeOutputShape(shapes: tfl.Shape[]): tfl.Shape[] {
    return shapes.slice(0, 2);
  }

  override call(inputs: tf.Tensor[]): tf.Tensor[] {
    const [a, b, weights] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor2D];
    return [a, b].map((x, m) => tf.mul(x, tf.mul(2, tf.slice2d(weights, [0, m], [-1, 1]))));
  }
}

/** How {@link gatedModel} is built. */
interface GatedModelOptions {
  /** Multiplies the gate's logits: 100 saturates it. Default 1. */
  sharpness?: number;
  /** Channels of the skeleton's features; those of the clip's are 6. Default 6. */
  channels?: number;
  /** Multiplies the logits. Default 1. */
  gain?: number;
}

/**
 * A classifier of clips `rgb` [4, 3, 2] and skeletons `skeleton` [2, 3, 5, 3] into five classes, with auxiliary heads
 * and a gate. Outputs: logits, rgbLogits, skeletonLogits, weights. Layers with a time axis: rgbFeatures [4, 3, 6] (axis
 * 1) and skeletonFeatures [2, 3, 5, channels] (axis 2).
 */
export function gatedModel({
  sharpness = 1,
  channels = 6,
  gain = 1,
}: GatedModelOptions = {}): tfl.LayersModel {
  let seed = 0;
  const dense = (x: Symbol, units: number, name: string, scale = 1, activation?: 'tanh' | 'softmax') =>
    tfl.layers
      .dense({
        units,
        name,
        activation,
        kernelInitializer: tfl.initializers.varianceScaling({ scale, mode: 'fanIn', seed: ++seed }),
      })
      .apply(x) as Symbol;
  const meanOf = (x: Symbol) => {
    const flat = tfl.layers.reshape({ targetShape: [-1, x.shape.at(-1)!] }).apply(x);
    return tfl.layers.globalAveragePooling1d({}).apply(flat) as Symbol;
  };
  const rgb = tfl.input({ shape: [4, 3, 2], name: 'rgb' });
  const skeleton = tfl.input({ shape: [2, 3, 5, 3], name: 'skeleton' });
  const a = meanOf(dense(rgb, 6, 'rgbFeatures', 4, 'tanh'));
  const b = meanOf(dense(skeleton, channels, 'skeletonFeatures', 4, 'tanh'));
  const both = tfl.layers.concatenate().apply([a, b]) as Symbol;
  const weights = dense(both, 2, 'weights', sharpness ** 2, 'softmax');
  const gated = new Gate({ name: 'gate' }).apply([a, b, weights]) as Symbol[];
  const fused = tfl.layers.concatenate().apply(gated) as Symbol;
  const outputs = [
    dense(fused, 5, 'logits', gain ** 2),
    dense(a, 5, 'rgbLogits', gain ** 2),
    dense(b, 5, 'skeletonLogits', gain ** 2),
    weights,
  ];
  return tfl.model({ inputs: [rgb, skeleton], outputs });
}

/** A batch for {@link gatedModel}. */
export function gatedInputs(rows: number, seed = 1): Modalities {
  return { rgb: uniform([rows, 4, 3, 2], seed), skeleton: normal([rows, 2, 3, 5, 3], seed + 1) };
}
