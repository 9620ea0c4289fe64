import * as tf from '@tensorflow/tfjs-core';

/** The fields of tfjs-layers' Conv2D that its call uses. */
interface Conv2D {
  readonly kernel: { read(): tf.Tensor4D };
  readonly bias: { read(): tf.Tensor } | null;
  readonly activation: { apply(x: tf.Tensor): tf.Tensor };
  readonly strides: [number, number];
  readonly padding: string;
  readonly dataFormat: string;
  readonly dilationRate: [number, number];
  call(inputs: tf.Tensor | tf.Tensor[], kwargs: object): tf.Tensor | tf.Tensor[];
  [UNFUSED]?: true;
}

const UNFUSED = /* @__PURE__ */ Symbol.for('amr.unfusedDilation');

/**
 * Makes tfjs-layers' Conv2D compute a dilated convolution by separate operations while gradients are taken. The layer uses a
 * fused kernel, whose gradient is no entry of tfjs's registry and refuses dilations. Without dilation, and without gradients,
 * the layer does what it did.
 */
export function unfuseDilatedConv2D(): void {
  const entry = tf.serialization.SerializationMap.getMap().classNameMap['Conv2D'];
  const layer = entry?.[0].prototype as Conv2D | undefined;
  if (!layer || layer[UNFUSED]) return;
  const original = layer.call;
  Object.defineProperty(layer, UNFUSED, { value: true });
  layer.call = function (inputs, kwargs) {
    const recorded = tf.engine().state.gradientDepth > 0;
    const dilated = this.dilationRate.some((rate) => rate !== 1);
    return recorded && dilated
      ? dilatedConv2D(this, (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D)
      : original.call(this, inputs, kwargs);
  };
}

function dilatedConv2D(
  { kernel, bias, activation, strides, padding, dilationRate, dataFormat }: Conv2D,
  x: tf.Tensor4D,
): tf.Tensor {
  return tf.tidy(() => {
    const channelsFirst = dataFormat === 'channelsFirst';
    const convolved = tf.conv2d(
      channelsFirst ? tf.transpose(x, [0, 2, 3, 1]) : x,
      kernel.read(),
      strides,
      padding === 'same' ? 'same' : 'valid',
      'NHWC',
      dilationRate,
    );
    const y = bias ? tf.add(convolved, bias.read()) : convolved;
    return activation.apply(channelsFirst ? tf.transpose(y, [0, 3, 1, 2]) : y);
  });
}
