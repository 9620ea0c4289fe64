/*
 * Activations that Keras names and tfjs 4.22 doesn't. tfjs finds an activation by its name in camel case.
 */
import * as tf from '@tensorflow/tfjs-core';
import { registeredClass } from './stockLayer.js';

interface Activation {
  getClassName(): string;
  getConfig(): tf.serialization.ConfigDict;
  apply(x: tf.Tensor): tf.Tensor;
}

/** Keras 3's hard_sigmoid, relu6(x + 3) / 6. That of Keras 2, which is tfjs's as well, is clip(0.2 x + 0.5, 0, 1). */
const hardSigmoid3 = (x: tf.Tensor) => tf.div(tf.relu6(tf.add(x, 3)), 6);
const hardSilu = (x: tf.Tensor) => tf.mul(x, hardSigmoid3(x));

const ACTIVATIONS: { [name: string]: (x: tf.Tensor) => tf.Tensor } = {
  celu: (x) => tf.elu(x),
  exponential: (x) => tf.exp(x),
  // The name that convertKeras3Json gives it, so that Keras 2's keeps its own.
  hardSigmoid3,
  hardSilu,
  hardSwish: hardSilu,
  hardTanh: (x) => tf.clipByValue(x, -1, 1),
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  logSigmoid: (x) => tf.logSigmoid(x),
  silu: (x) => tf.mul(x, tf.sigmoid(x)),
  squareplus: (x) => tf.div(tf.add(x, tf.sqrt(tf.add(tf.square(x), 4))), 2),
  tanhShrink: (x) => tf.sub(x, tf.tanh(x)),
};

// tfjs only accepts subclasses of its own Activation, which it doesn't export: swish is one.
const Stock = registeredClass<Activation>('swish');

for (const [name, compute] of Object.entries(ACTIVATIONS)) {
  // One that tfjs or the caller has registered stays.
  if (tf.serialization.SerializationMap.getMap().classNameMap[name]) continue;
  class KerasActivation extends Stock {
    static readonly className = name;

    override apply(x: tf.Tensor): tf.Tensor {
      return tf.tidy(() => compute(x));
    }
  }
  tf.serialization.registerClass(KerasActivation);
}
