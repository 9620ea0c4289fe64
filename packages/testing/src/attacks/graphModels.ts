import { type GraphModel, loadGraphModel } from '@tensorflow/tfjs-converter';
import * as tf from '@tensorflow/tfjs-core';
import { normal } from './models.js';

/** A node of a TensorFlow graph. Attributes are written as in a model.json. */
export interface NodeSpec {
  name: string;
  op: string;
  input?: string[];
  attr?: { [name: string]: object };
}

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const whole = (...values: number[]) => ({ list: { i: values } });
const float = { type: 'DT_FLOAT' };

/** An input node. */
export function placeholder(name: string, shape: number[], type = 'DT_FLOAT'): NodeSpec {
  const dim = shape.map((size) => ({ size }));
  return { name, op: 'Placeholder', attr: { dtype: { type }, shape: { shape: { dim } } } };
}

/** A GraphModel from nodes and constants, by the loader that reads a model.json. */
export async function graphModelOf(
  nodes: readonly NodeSpec[],
  constants: { [name: string]: tf.Tensor } = {},
  signature?: object,
): Promise<GraphModel> {
  const { data, specs } = await tf.io.encodeWeights(constants);
  const constantNodes = Object.entries(constants).map(([name, { dtype, shape }]) => {
    const type = dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT';
    const dim = shape.map((size) => ({ size }));
    const tensor = { dtype: type, tensorShape: { dim } };
    return { name, op: 'Const', attr: { dtype: { type }, value: { tensor } } };
  });
  const artifacts = {
    modelTopology: { node: [...constantNodes, ...nodes], versions: { producer: 1, minConsumer: 1 } },
    weightSpecs: specs,
    weightData: data,
    ...(signature && { userDefinedMetadata: { signature } }),
  };
  return loadGraphModel(tf.io.fromMemory(artifacts));
}

/** What a graph of {@link twoInputGraph} ends in. */
export type GraphEnd = 'logits' | 'softmax' | 'sigmoid';

/**
 * A small network as TensorFlow exports one: a picture through a convolution and a gate, a vector through a dense layer,
 * joined and classified. The picture's gate is a comparison, and its features are split and joined again, so that a cut
 * behind the picture meets values that tfjs can't be given. The ending is followed by nodes that don't change it.
 */
export async function twoInputGraph(end: GraphEnd, units = 3): Promise<GraphModel> {
  const op = { logits: 'Identity', softmax: 'Softmax', sigmoid: 'Sigmoid' }[end];
  const nodes: NodeSpec[] = [
    placeholder('rgb', [-1, 6, 6, 2]),
    placeholder('skeleton', [-1, 5]),
    {
      name: 'conv',
      op: 'Conv2D',
      input: ['rgb', 'convKernel'],
      attr: {
        T: float,
        strides: whole(1, 2, 2, 1),
        dilations: whole(1, 1, 1, 1),
        padding: text('VALID'),
        data_format: text('NHWC'),
      },
    },
    { name: 'relu', op: 'Relu', input: ['conv'], attr: { T: float } },
    { name: 'pooled', op: 'Mean', input: ['relu', 'pixels'], attr: { T: float, keep_dims: { b: false } } },
    { name: 'halves', op: 'Split', input: ['one', 'pooled'], attr: { T: float, num_split: { i: 2 } } },
    { name: 'open', op: 'Greater', input: ['pooled', 'threshold'], attr: { T: float } },
    { name: 'dense', op: 'MatMul', input: ['skeleton', 'denseKernel'], attr: { T: float } },
    { name: 'tanh', op: 'Tanh', input: ['dense'], attr: { T: float } },
    { name: 'gated', op: 'SelectV2', input: ['open', 'tanh', 'threshold'], attr: { T: float } },
    {
      name: 'joined',
      op: 'ConcatV2',
      input: ['halves:1', 'gated', 'halves', 'one'],
      attr: { T: float, N: { i: 3 } },
    },
    { name: 'product', op: 'MatMul', input: ['joined', 'headKernel'], attr: { T: float } },
    { name: 'head', op: 'BiasAdd', input: ['product', 'headBias'], attr: { T: float } },
    { name: 'end', op, input: ['head'], attr: { T: float } },
    { name: 'shaped', op: 'Reshape', input: ['end', 'rows'], attr: { T: float } },
    { name: 'Identity', op: 'Identity', input: ['shaped'], attr: { T: float } },
  ];
  return graphModelOf(nodes, {
    convKernel: normal([3, 3, 2, 4], 1),
    pixels: tf.tensor1d([1, 2], 'int32'),
    one: tf.scalar(1, 'int32'),
    threshold: tf.scalar(0.3),
    denseKernel: normal([5, 4], 2),
    headKernel: normal([8, units], 3),
    headBias: normal([units], 4),
    rows: tf.tensor1d([-1, units], 'int32'),
  });
}

/** The logits of {@link twoInputGraph}, by tfjs operations. */
export function twoInputLogits({ rgb, skeleton }: tf.NamedTensorMap, units = 3): tf.Tensor2D {
  return tf.tidy(() => {
    const conv = tf.relu(tf.conv2d(rgb as tf.Tensor4D, normal([3, 3, 2, 4], 1) as tf.Tensor4D, 2, 'valid'));
    const pooled = tf.mean(conv, [1, 2]);
    const dense = tf.tanh(tf.matMul(skeleton as tf.Tensor2D, normal([5, 4], 2) as tf.Tensor2D));
    const gated = tf.where(tf.greater(pooled, 0.3), dense, tf.fill(dense.shape, 0.3));
    const [first, second] = tf.split(pooled, 2, 1);
    const joined = tf.concat([second!, gated, first!], 1) as tf.Tensor2D;
    return tf.add(tf.matMul(joined, normal([8, units], 3) as tf.Tensor2D), normal([units], 4));
  });
}
