/*
 * Two layers of tfjs-layers whose gradients don't come from tfjs's registry. While gradients are taken, they are computed in
 * another way: by operations that have gradients. Without gradients, and in all other cases, the layers do what they did.
 */
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
}

/** The fields of tfjs-layers' BatchNormalization that its scale and offset depend on. */
interface BatchNormalization {
  readonly gamma: { read(): tf.Tensor } | null | undefined;
  readonly beta: { read(): tf.Tensor } | null | undefined;
  readonly movingMean: { readonly shape: number[] };
}

type Output = tf.Tensor | tf.Tensor[];
type Call<Layer> = (this: Layer, inputs: Output, kwargs: object) => Output;

const REPLACED = /* @__PURE__ */ Symbol.for('amr.call');

/** Makes these layers have gradients, in whatever model they are. */
export function registerLayerGradients(): void {
  // The layer uses a fused kernel, whose gradient refuses dilations.
  replaceCall<Conv2D>(
    'Conv2D',
    (original) =>
      function (inputs, kwargs) {
        const dilated = this.dilationRate.some((rate) => rate !== 1);
        if (!dilated || !gradientsAreTaken()) return original.call(this, inputs, kwargs);
        return dilatedConv2D(this, (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor4D);
      },
  );
  // Without `scale` or `center`, the layer leaves out an input of the kernel, on which tfjs's gradients fail.
  replaceCall<BatchNormalization>(
    'BatchNormalization',
    (original) =>
      function (inputs, kwargs) {
        const whole = this.gamma && this.beta;
        if (whole || !gradientsAreTaken()) return original.call(this, inputs, kwargs);
        return tf.tidy(() => original.call(withScaleAndOffset(this), inputs, kwargs));
      },
  );
}

function gradientsAreTaken(): boolean {
  return tf.engine().state.gradientDepth > 0;
}

/** Replaces the call of a class of tfjs-layers, once. The class is not exported; a subclass under its name may hide it. */
function replaceCall<Layer>(className: string, replacement: (original: Call<Layer>) => Call<Layer>): void {
  let prototype: object | null =
    tf.serialization.SerializationMap.getMap().classNameMap[className]?.[0].prototype ?? null;
  let stock: (object & { call: Call<Layer> }) | undefined;
  for (; prototype; prototype = Object.getPrototypeOf(prototype)) {
    if ((prototype.constructor as { className?: string }).className !== className) break;
    if (Object.hasOwn(prototype, REPLACED)) return;
    stock = prototype as typeof stock;
  }
  if (!stock) return;
  Object.defineProperty(stock, REPLACED, { value: true });
  stock.call = replacement(stock.call);
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

/** The layer, seen with a scale of 1 and an offset of 0 where it has none. */
function withScaleAndOffset(layer: BatchNormalization): BatchNormalization {
  const { shape } = layer.movingMean;
  const view = Object.create(layer) as BatchNormalization;
  return Object.defineProperties(view, {
    gamma: { value: layer.gamma ?? { read: () => tf.ones(shape) } },
    beta: { value: layer.beta ?? { read: () => tf.zeros(shape) } },
  });
}
