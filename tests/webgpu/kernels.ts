import * as tf from '@tensorflow/tfjs-core';
import { type Case, valuesOf } from './comparison.js';

type Outputs = { [what: string]: tf.Tensor };
type Kernel = (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;

/** Seeded values as the result of a computation, so that they are in the device's memory. */
const seeded = (shape: number[], seed: number, low = -1, high = 1) =>
  tf.tidy(() =>
    tf.reshape(
      tf.mul(tf.randomUniform([tf.util.sizeFromShape(shape)], low, high, 'float32', seed), 1),
      shape,
    ),
  );

/** Whether the case runs on the reference backend cpu, some of whose kernels are wrong and are avoided. */
const onCpu = () => tf.getBackend() === 'cpu';

/** The output, and the gradients of a randomly weighted sum of it with respect to the inputs. */
const gradientsOf = (f: Kernel, x: tf.Tensor, y: tf.Tensor): Outputs => {
  const [dx, dy] = tf.grads((a: tf.Tensor, b: tf.Tensor) => {
    const z = f(a, b);
    return tf.sum(tf.mul(z, seeded(z.shape, 77)));
  })([x, y]);
  return { output: f(x, y), 'gradient in x': dx!, 'gradient in y': dy! };
};

const clip = [2, 3, 2, 4, 3];
const longer = [2, 3, 2, 2, 2, 3];

const kernels: { [name: string]: () => Outputs } = {
  'a tensor of rank 5 or 6 with a vector': () => ({
    add: tf.add(seeded(clip, 1), seeded([3], 2)),
    sub: tf.sub(seeded([3], 2), seeded(clip, 1)),
    mul: tf.mul(seeded(longer, 1), seeded([3], 2)),
    maximum: tf.maximum(seeded(clip, 1), seeded([3], 2)),
    greater: tf.cast(tf.greater(seeded(clip, 1), seeded([3], 2)), 'float32'),
    prelu: tf.prelu(seeded(clip, 1), seeded([3], 2)),
  }),
  'sums of many tensors': () =>
    Object.fromEntries(
      [7, 8, 13, 14, 40].map((n) => [`${n}`, tf.addN([...Array(n).keys()].map((i) => seeded([3, 4], i)))]),
    ),
  'clips: padding, tiling, reversing, cumulating, selecting': () => {
    const x = seeded(clip, 1);
    return {
      pad: tf.pad(x, [[0, 0], [1, 1], [1, 0], [0, 2], [0, 0]], 2), // biome-ignore format: axis by axis
      mirrorPad: tf.mirrorPad(x, [[0, 0], [1, 1], [1, 0], [0, 2], [1, 1]], 'symmetric'), // biome-ignore format: axis by axis
      tile: tf.tile(x, [1, 2, 1, 3, 2]),
      broadcast: tf.broadcastTo(seeded([2, 1, 3], 2), clip.with(3, 2).slice(0, 5)),
      reverse: tf.reverse(x, [1, 4]),
      cumsum: tf.cumsum(x, 2),
      cumprod: tf.cumprod(x, 4),
      where: tf.where(tf.greater(x, 0), seeded([3], 3), x),
      untouched: tf.pad(
        x,
        clip.map(() => [0, 0]),
      ),
    };
  },
  'booleans and integers: transposing and reducing': () => {
    const flags = tf.greater(seeded([2, 3, 4, 5], 3), 0);
    const counts = tf.cast(seeded([2, 3, 4, 5], 4, -9, 9), 'int32');
    return {
      flags: tf.cast(tf.transpose(flags, [3, 1, 0, 2]), 'float32'),
      counts: tf.transpose(counts, [2, 0, 1, 3]),
      cast: tf.transpose(tf.cast(flags, 'float32'), [1, 0, 3, 2]),
      sum: tf.sum(tf.cast(flags, 'float32'), 0),
      sumOfCounts: tf.sum(counts, [0, 2]),
      max: tf.max(counts, 1),
      min: tf.min(counts, 0),
      mean: tf.mean(tf.cast(counts, 'float32'), 0),
      prod: tf.prod(counts, 1),
      argMax: tf.argMax(counts, 1),
      cumsum: tf.cumsum(counts, 1),
      all: tf.cast(tf.all(flags, 1), 'float32'),
      any: tf.cast(tf.any(flags, [0, 2]), 'float32'),
      anyKept: tf.cast(tf.any(flags, -1, true), 'float32'),
    };
  },
  'gradients of 3D max pooling': () =>
    Object.fromEntries(
      [
        [2, 3, 2],
        [3, 2, 3],
        [1, 2, 2],
        [2, 2, 2],
        [3, 1, 1],
      ].flatMap(
        (
          window, // biome-ignore format: windows
        ) =>
          (['same', 'valid', 1] as const).map((pad) => {
            const [x] = [seeded([2, 4, 7, 6, 3], 5)];
            const pooled = (y: tf.Tensor) =>
              (onCpu() ? poolAxisByAxis : poolAllAxes)(y as tf.Tensor5D, window, pad);
            const gradient = tf.grad((y) => tf.sum(tf.mul(pooled(y), seeded(pooled(y).shape, 6))))(x);
            return [`window ${window}, padding ${pad}`, gradient];
          }),
      ),
    ),
  'products that broadcast both sides': () =>
    Object.fromEntries(
      [
        [
          [4, 1],
          [1, 3],
        ],
        [
          [4, 1],
          [4, 3],
        ],
        [[4, 1], [3]],
        [
          [2, 1, 3],
          [2, 4, 1],
        ],
        [[3], [4, 3]],
      ].map(([a, b]) => {
        const left = seeded([...a!, 5, 6], 7);
        const right = seeded([...b!, 7, 6], 8);
        // The cpu backend broadcasts wrongly here, so its inputs are broadcast before.
        const outer = tf.broadcastTo(
          tf.add(tf.zeros(a!), tf.zeros(b!)),
          tf.backend_util.assertAndGetBroadcastShape(a!, b!),
        ).shape;
        const repeat = (x: tf.Tensor) => (onCpu() ? tf.broadcastTo(x, [...outer, ...x.shape.slice(-2)]) : x);
        return [`${a} and ${b}`, tf.matMul(repeat(left), repeat(right), false, true)];
      }),
    ),
  'conv3d with strides': () =>
    gradientsOf(
      (x, w) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, [1, 2, 2], 'same'),
      seeded([2, 4, 6, 5, 3], 1),
      seeded([3, 3, 2, 3, 4], 2),
    ),
  'conv2d with strides': () =>
    gradientsOf(
      (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, [2, 1], 'valid'),
      seeded([2, 12, 5, 4], 1),
      seeded([9, 1, 4, 8], 2),
    ),
  'depthwise conv2d': () =>
    gradientsOf(
      (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same'),
      seeded([2, 7, 8, 5], 1),
      seeded([3, 3, 5, 1], 2),
    ),
};

const poolAllAxes = (x: tf.Tensor5D, window: number[], pad: 'same' | 'valid' | 1) =>
  tf.maxPool3d(x, window as [number, number, number], 2, pad, pad === 1 ? 'floor' : undefined);

/**
 * The same, one axis after another, each transposed to be the last one of its window: the cpu backend's gradient is wrong for
 * windows that aren't square.
 */
function poolAxisByAxis(x: tf.Tensor5D, window: number[], pad: 'same' | 'valid' | 1): tf.Tensor {
  // Below all values.
  const padding = -9;
  let y: tf.Tensor = x;
  if (pad === 1) y = tf.pad(x, [[0, 0], [1, 1], [1, 1], [1, 1], [0, 0]], padding); // biome-ignore format: axis by axis
  for (const axis of [1, 2, 3]) {
    const order = [0, 1, 2, 3, 4];
    [order[3], order[axis]] = [axis, 3];
    const turned = tf.transpose(y, order) as tf.Tensor5D;
    const size: [number, number, number] = [1, 1, window[axis - 1]!];
    y = tf.transpose(tf.maxPool3d(turned, size, [1, 1, 2], pad === 1 ? 'valid' : pad), order);
  }
  return y;
}

/** The kernels of registerWebgpuKernels, and those that training uses. */
export const kernelCases: Case[] = Object.entries(kernels).map(([name, outputs]) => ({
  name: `kernels: ${name}`,
  daily: true,
  compute: async () => {
    const made = tf.tidy(outputs);
    const entries = Object.entries(made).map(async ([what, y]) => [what, await valuesOf(y)] as const);
    const results = Object.fromEntries(await Promise.all(entries));
    tf.dispose(made);
    return results;
  },
}));
