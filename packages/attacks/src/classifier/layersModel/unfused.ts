import * as tf from '@tensorflow/tfjs-core';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

type Layer = SymbolicTensor['sourceLayer'];

/** The fields of tfjs-layers' Conv2D and Dense that their calls use. */
interface Weighted {
  readonly kernel: { read(): tf.Tensor };
  readonly bias: { read(): tf.Tensor } | null;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor };
  readonly strides: [number, number];
  readonly padding: 'same' | 'valid';
  readonly dataFormat: string;
  readonly dilationRate: [number, number];
}

/**
 * The output of a Conv2D or Dense layer, by operations that compute only the gradients that are needed; undefined for other
 * layers. The layers themselves use fused kernels, whose backward pass always computes the gradient of the weights too: a
 * third of an attack's time, and for convolutions a kernel that tfjs's wasm backend doesn't have.
 */
export function unfused(layer: Layer, x: tf.Tensor): tf.Tensor | undefined {
  const compute = Object.hasOwn(layer, 'call') ? undefined : computations[layer.getClassName()];
  return compute?.(layer as unknown as Weighted, x);
}

const computations: { [className: string]: (layer: Weighted, x: tf.Tensor) => tf.Tensor | undefined } = {
  Conv2D(layer, x) {
    const { strides, padding, dataFormat, dilationRate } = layer;
    if (dataFormat === 'channelsFirst') return undefined;
    const y = tf.conv2d(
      x as tf.Tensor4D,
      layer.kernel.read() as tf.Tensor4D,
      strides,
      padding === 'same' ? 'same' : 'valid',
      'NHWC',
      dilationRate,
    );
    return biasAndActivation(layer, y);
  },
  Dense(layer, x) {
    const kernel = layer.kernel.read() as tf.Tensor2D;
    const [inputs, units] = kernel.shape;
    const y = tf.matMul(tf.reshape(x, [-1, inputs]), kernel);
    return biasAndActivation(layer, tf.reshape(y, [...x.shape.slice(0, -1), units]));
  },
};

function biasAndActivation({ bias, activation }: Weighted, y: tf.Tensor): tf.Tensor {
  return activation.apply(bias ? tf.add(y, bias.read()) : y);
}
