import type { LayersModel, layers, Shape } from '@tensorflow/tfjs-layers';
import { CostError } from '../errors.js';
import { checkKeys } from '../options.js';
import type { CostedLayer } from './costedLayer.js';
import { sampleSize } from './sampleSize.js';

type Layer = layers.Layer;

/** Options of {@link multiplyAdds}. */
export interface MultiplyAddsOptions {
  /** Names or class names of layers with weights that the function doesn't know and shall count as free. Default none. */
  ignore?: readonly string[];
}

/**
 * Multiply-adds of a model's convolutions and matrix products for one sample, which papers and model zoos call FLOPs or
 * MACs; normalisations, activations, pooling and sums add nothing. Each use of a shared layer counts, and so does each
 * layer of a nested model. The function only reads shapes.
 *
 * A custom layer is counted by its method `multiplyAdds(inputShape, outputShape)`, see {@link CostedLayer}; every layer of
 * `@amr/encoders` and `@amr/layers` that computes products has one. Of tfjs's own layers the function knows the dense,
 * convolutional, depthwise, separable, transposed and recurrent ones, `dot`, and the wrappers `timeDistributed` and
 * `bidirectional`.
 *
 * @param model any tfjs model with known sizes, the batch's aside
 * @throws {CostError} when the function doesn't know a layer with weights, or a size is not known; the message names the
 * layer
 * @throws {EncoderConfigError} for unknown options
 * @example
 * ```ts
 * import { multiplyAdds } from '@amr/encoders';
 * import { layers, sequential } from '@tensorflow/tfjs-layers';
 *
 * const model = sequential({ layers: [layers.dense({ units: 10, inputShape: [4] }), layers.dense({ units: 2 })] });
 * console.log(multiplyAdds(model)); // 4 * 10 + 10 * 2 = 60
 * ```
 */
export function multiplyAdds(model: LayersModel, options: MultiplyAddsOptions = {}): number {
  checkKeys('multiplyAdds', options, { ignore: true });
  const { ignore = [] } = options;
  // tfjs builds a sequential model at its first use, and before that the model has no nodes.
  if (!model.built) model.build(model.inputs[0]?.shape ?? []);
  // A layer may also be used outside of this model, so only the model's own nodes count.
  const nodes = Object.values(model.nodesByDepth).flat();
  return nodes.reduce((sum, { outboundLayer, inputShapes, outputShapes }) => {
    return sum + costOf(outboundLayer, single(inputShapes), single(outputShapes), ignore);
  }, 0);
}

function costOf(
  layer: Layer,
  inputShape: Shape | Shape[],
  outputShape: Shape | Shape[],
  ignore: readonly string[],
): number {
  const kind = layer.getClassName();
  if (ignore.includes(layer.name) || ignore.includes(kind)) return 0;
  try {
    if (isModel(layer)) return multiplyAdds(layer, { ignore });
    if (isCosted(layer)) return layer.multiplyAdds(inputShape, outputShape);
    const rule = rules[kind];
    if (rule) return rule(layer, inputShape as Shape, outputShape as Shape, ignore);
  } catch (error) {
    // An error from a nested model names its layer already.
    const { message } = error as Error;
    throw new CostError(
      message.startsWith('multiplyAdds') ? message : `multiplyAdds of ${kind} '${layer.name}': ${message}`,
    );
  }
  if (layer.weights.length === 0 || free.has(kind)) return 0;
  throw new CostError(
    `multiplyAdds of ${kind} '${layer.name}': got a layer with weights and without a method multiplyAdds; expected one ` +
      `with multiplyAdds(inputShape, outputShape). Add the method, or leave the layer out with ignore: ['${kind}'].`,
  );
}

const UNKNOWN_STEPS = 'got an unknown number of steps; expected a known one.';

/** Layers with weights but without products. */
const free = new Set(['BatchNorm', 'BatchNormalization', 'LayerNormalization', 'PReLU', 'Embedding']);

/** Multiply-adds of a tfjs layer, given the shapes of one input and one output. */
type Rule = (layer: Layer, input: Shape, output: Shape, ignore: readonly string[]) => number;

/** Each output value is a sum over the kernel's positions and input channels. */
const convolution: Rule = (layer, _input, output) => {
  const kernel = shapeOf(layer, 'kernel');
  return (sampleSize(output) * product(kernel)) / kernel.at(-1)!;
};

/** Each input value is multiplied with the kernel's positions and output channels. */
const transposed: Rule = (layer, input) => {
  const kernel = shapeOf(layer, 'kernel');
  return (sampleSize(input) * product(kernel)) / kernel.at(-1)!;
};

/** At each step, one product for every weight of the input's and the state's kernels. */
const recurrent: Rule = (layer, [, steps]) => {
  if (steps == null) throw new CostError(UNKNOWN_STEPS);
  return steps * (product(shapeOf(layer, 'kernel')) + product(shapeOf(layer, 'recurrent_kernel')));
};

const rules: { [kind: string]: Rule } = {
  Dense: (layer, _input, output) => sampleSize(output) * shapeOf(layer, 'kernel')[0]!,
  Conv1D: convolution,
  Conv2D: convolution,
  Conv3D: convolution,
  Conv2DTranspose: transposed,
  Conv3DTranspose: transposed,
  DepthwiseConv2D: (layer, _input, output) => {
    const [height, width] = shapeOf(layer, 'depthwise_kernel');
    return sampleSize(output) * height! * width!;
  },
  SeparableConv2D: (layer, _input, output) => {
    const [height, width, channels, multiplier] = shapeOf(layer, 'depthwise_kernel');
    const between = channels! * multiplier!;
    const positions = sampleSize(output) / shapeOf(layer, 'pointwise_kernel').at(-1)!;
    return positions * between * height! * width! + sampleSize(output) * between;
  },
  SimpleRNN: recurrent,
  GRU: recurrent,
  LSTM: recurrent,
  Dot: (layer, input, output) => {
    const [first] = input as unknown as [Shape, Shape];
    const axes = (layer.getConfig() as { axes: number | number[] }).axes;
    const axis = Array.isArray(axes) ? axes[0]! : axes;
    const length = first[axis < 0 ? first.length + axis : axis];
    if (length == null) throw new CostError(`got an unknown size along axis ${axis}; expected a known one.`);
    return sampleSize(output) * length;
  },
  TimeDistributed: (layer, input, output, ignore) => {
    if (input[1] == null) throw new CostError(UNKNOWN_STEPS);
    const step = ([batch, , ...rest]: Shape) => [batch!, ...rest];
    return input[1] * costOf((layer as Wrapped).layer, step(input), step(output), ignore);
  },
  Bidirectional: (layer, input, output, ignore) => {
    const { forwardLayer, backwardLayer } = layer as Wrapped;
    return [forwardLayer, backwardLayer].reduce((sum, one) => sum + costOf(one, input, output, ignore), 0);
  },
};

type Wrapped = Layer & { layer: Layer; forwardLayer: Layer; backwardLayer: Layer };

function isModel(layer: Layer): layer is LayersModel {
  return 'nodesByDepth' in layer;
}

function isCosted(layer: Layer): layer is Layer & CostedLayer {
  return 'multiplyAdds' in layer;
}

/** The shape itself when there is only one, as layers get it. */
function single(shapes: Shape | Shape[]): Shape | Shape[] {
  return shapes.length === 1 && Array.isArray(shapes[0]) ? (shapes[0] as Shape) : shapes;
}

/** The shape of a layer's weight of this name. The full name may start with the layer's name and end with a count. */
function shapeOf(layer: Layer, weight: string): number[] {
  const named = new RegExp(`(^|/)${weight}(_\\d+)?$`);
  const found = layer.weights.find(({ originalName }) => named.test(originalName));
  if (!found) throw new CostError(`got no weight '${weight}'; expected a layer that was built.`);
  return found.shape as number[];
}

function product(shape: readonly number[]): number {
  return shape.reduce((sum, size) => sum * size, 1);
}
