import * as tf from '@tensorflow/tfjs-core';
// Registers the gradients of tfjs's operations.
import '@tensorflow/tfjs-layers';
import { noise } from '@amr/testing/tensors/noise';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onnxBinding, useOnnx, withoutOnnx } from './useOnnx.fixture.js';

// Operations are recorded and folded into each other, and tensors keep the layout that they came in: what an operation
// gives depends on those before it. So whole programs are compared, chosen at random, and the gradients through them.

if (!onnxBinding) withoutOnnx('Random programs');

/** Numbers that say which operation, on which of the tensors so far, with which choices. */
interface Step {
  op: number;
  draws: number[];
}

/** Draws one of some choices. */
type Pick = <T>(choices: readonly T[]) => T;

/** The tensors so far, weights made on demand, and random choices. */
interface Context {
  x: tf.Tensor;
  earlier: tf.Tensor[];
  pick: Pick;
  weight(shape: number[], scale?: number): tf.Tensor;
}

type Operation = (context: Context) => tf.Tensor | undefined;

const sizeOf = (shape: readonly number[]) => tf.util.sizeFromShape([...shape]);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** 1 where x is above 0.1; tfjs has no gradient of comparisons. */
const above = tf.customGrad((...given) => ({
  value: tf.cast(tf.greater(given[0] as tf.Tensor, 0.1), 'float32'),
  gradFunc: (dy: tf.Tensor) => tf.zerosLike(dy),
}));

const operations: { [name: string]: Operation } = {
  conv2d({ x, pick, weight }) {
    if (x.rank !== 4) return undefined;
    const [, height, width, channels] = x.shape as [number, number, number, number];
    const [h, w] = [pick([1, 2, 3]), pick([1, 3])];
    const strides: [number, number] = [pick([1, 1, 2]), pick([1, 1, 2])];
    const pad = pick(['same', 'valid', 'explicit'] as const);
    if (pad === 'valid' && (h > height || w > width)) return undefined;
    const margins = [[0, 0], [h - 1, pick([0, h - 1])], [pick([0, w - 1]), w - 1], [0, 0]]; // biome-ignore format: pairs
    if (height + margins[1]![0]! < h || width + margins[2]![1]! < w) return undefined;
    const filter = weight([h, w, channels, pick([3, 8, 16, 24])], 1 / Math.sqrt(h * w * channels));
    return tf.conv2d(
      x as tf.Tensor4D,
      filter as tf.Tensor4D,
      strides,
      pad === 'explicit' ? (margins as never) : pad,
    );
  },
  conv3d({ x, pick, weight }) {
    if (x.rank !== 5) return undefined;
    const sizes = x.shape.slice(1, 4);
    const window = sizes.map(() => pick([1, 2, 3]));
    const strides = sizes.map(() => pick([1, 1, 2])) as [number, number, number];
    const pad = pick(['same', 'valid'] as const);
    if (pad === 'valid' && sizes.some((size, i) => size < window[i]!)) return undefined;
    const channels = x.shape[4]!;
    const scale = 1 / Math.sqrt(sizeOf(window) * channels);
    const filter = weight([...window, channels, pick([5, 8, 16])], scale);
    return tf.conv3d(x as tf.Tensor5D, filter as tf.Tensor5D, strides, pad);
  },
  depthwise({ x, pick, weight }) {
    if (x.rank !== 4) return undefined;
    const filter = weight([3, pick([1, 3]), x.shape[3]!, pick([1, 1, 2])], 0.3);
    return tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, pick([1, 2]), 'same');
  },
  scale: ({ x, weight }) => tf.mul(x, weight([x.shape.at(-1)!])),
  shift: ({ x, weight }) => tf.add(weight([x.shape.at(-1)!]), x),
  scaleColumn: ({ x, weight }) => tf.mul(weight([x.shape[0]!, ...Array(x.rank - 1).fill(1)]), x),
  shiftBoth: ({ x, weight }) => tf.sub(x, weight([1, x.shape.at(-1)!])),
  scaleAxes: ({ x, pick, weight }) => tf.mul(x, weight(x.shape.map((size) => pick([size, 1])))),
  divide: ({ x, weight }) => tf.div(x, tf.add(tf.square(weight([x.shape.at(-1)!])), 1)),
  half: ({ x }) => tf.mul(x, 0.5),
  relu: ({ x }) => tf.relu(x),
  relu6: ({ x }) => tf.relu6(tf.mul(x, 4)),
  leaky: ({ x }) => tf.leakyRelu(x, 0.1),
  elu: ({ x }) => tf.elu(x),
  sigmoid: ({ x }) => tf.sigmoid(x),
  tanh: ({ x }) => tf.tanh(x),
  swish: ({ x }) => tf.mul(x, tf.sigmoid(x)),
  absolute: ({ x }) => tf.abs(x),
  clip: ({ x }) => tf.clipByValue(x, -0.7, 0.6),
  add({ x, earlier, pick }) {
    const same = earlier.filter(({ shape }) => shape.join() === x.shape.join());
    return same.length === 0 ? undefined : tf.add(x, pick(same));
  },
  addN({ x, earlier }) {
    const same = earlier.filter(({ shape }) => shape.join() === x.shape.join());
    return same.length < 2 ? undefined : tf.addN([x, ...same.slice(0, 2)]);
  },
  multiply({ x, earlier, pick }) {
    const same = earlier.filter(({ shape }) => shape.join() === x.shape.join());
    return same.length === 0 ? undefined : tf.mul(x, pick(same));
  },
  where({ x, earlier, pick }) {
    const same = earlier.filter(({ shape }) => shape.join() === x.shape.join());
    return same.length === 0 ? undefined : tf.where(tf.cast(above(x), 'bool'), x, pick(same));
  },
  /** tfjs's gradient doesn't sum over broadcast axes. */
  maximum: ({ x }) => tf.maximum(x, tf.mul(x, -0.5)),
  transpose({ x, pick }) {
    const left = range(x.rank);
    const order = range(x.rank).map(() => left.splice(left.indexOf(pick(left)), 1)[0]!);
    return tf.transpose(x, order);
  },
  merge({ x, pick }) {
    if (x.rank < 3) return undefined;
    const axis = pick(range(x.rank - 1));
    return tf.reshape(x, [
      ...x.shape.slice(0, axis),
      x.shape[axis]! * x.shape[axis + 1]!,
      ...x.shape.slice(axis + 2),
    ]);
  },
  split({ x, pick }) {
    if (x.rank > 5) return undefined;
    const axis = pick(range(x.rank));
    const factors = [2, 3, 4, 8, x.shape[axis]!].filter((factor) => x.shape[axis]! % factor === 0);
    const factor = pick(factors);
    return tf.reshape(x, [
      ...x.shape.slice(0, axis),
      x.shape[axis]! / factor,
      factor,
      ...x.shape.slice(axis + 1),
    ]);
  },
  slice({ x, pick }) {
    if (x.rank > 5) return undefined;
    const begin = x.shape.map((size) => pick(range(Math.min(size, 2))));
    const size = x.shape.map((whole, i) => pick([whole - begin[i]!, Math.max(1, whole - begin[i]! - 1)]));
    return tf.slice(x, begin, size);
  },
  pad({ x, pick }) {
    if (x.rank > 4) return undefined;
    const value = pick([0, 0, 0.5]);
    return tf.pad(
      x,
      x.shape.map((): [number, number] => [pick([0, 0, 1]), pick([0, 0, 2])]),
      value,
    );
  },
  /** As layers pad volumes: rows of width and channels together. */
  padFlat({ x, pick, weight }) {
    if (x.rank !== 5) return undefined;
    const [n, d, h, w, c] = x.shape as [number, number, number, number, number];
    const [t, rows, columns] = [pick([0, 1]), pick([0, 1]), pick([0, 1])];
    const flat = tf.pad(tf.reshape(x, [n, d, h, w * c]), [[0, 0], [t, t], [rows, rows], [columns * c, columns * c]]); // biome-ignore format: pairs
    const padded = tf.reshape(flat, [n, d + 2 * t, h + 2 * rows, w + 2 * columns, c]) as tf.Tensor5D;
    const filter = weight([1 + t, 1 + rows, 1 + columns, c, 8], 1 / Math.sqrt(8 * c)) as tf.Tensor5D;
    return tf.conv3d(padded, filter, pick([1, 2]), 'valid');
  },
  concat({ x, earlier, pick }) {
    const axis = pick(range(x.rank));
    const fits = [x, ...earlier].filter(
      ({ shape }) => shape.length === x.rank && shape.every((size, i) => i === axis || size === x.shape[i]),
    );
    return tf.concat([pick(fits), x], axis);
  },
  stack: ({ x, pick }) => (x.rank > 4 ? undefined : tf.stack([x, tf.neg(x)], pick(range(x.rank + 1)))),
  unstack({ x, pick }) {
    if (x.rank < 3) return undefined;
    const axis = pick(range(x.rank));
    // tfjs's gradient of a list of one fails.
    if (x.shape[axis]! < 2) return undefined;
    const [first, second] = tf.unstack(x, axis);
    return tf.sub(first!, tf.mul(second!, 0.5));
  },
  splitAdd({ x, pick }) {
    const axis = pick(range(x.rank));
    if (x.shape[axis]! % 2 !== 0) return undefined;
    const [a, b] = tf.split(x, 2, axis);
    return tf.add(a!, tf.mul(b!, b!));
  },
  tile({ x, pick }) {
    if (x.rank > 4) return undefined;
    const repetitions = x.shape.map(() => pick([1, 1, 2]));
    return tf.tile(x, repetitions);
  },
  reverse: ({ x, pick }) => (x.rank > 4 ? undefined : tf.reverse(x, pick(range(x.rank)))),
  gather: ({ x, pick }) => {
    const axis = pick(range(x.rank));
    const indices = [x.shape[axis]! - 1, 0, 0];
    return tf.gather(x, tf.tensor1d(indices, 'int32'), axis);
  },
  mean({ x, pick }) {
    if (x.rank < 3) return undefined;
    const axes = range(x.rank).filter((axis) => pick([axis % 2 === 0, false]));
    return tf.mean(x, axes.length === 0 ? [0] : axes, pick([true, true, false]));
  },
  sum: ({ x, pick }) =>
    x.rank < 3 ? undefined : tf.sum(tf.mul(x, 0.3), pick(range(x.rank)), pick([true, false])),
  max: ({ x, pick }) => (x.rank < 3 ? undefined : tf.max(x, pick(range(x.rank)), pick([true, false]))),
  normalize({ x, weight }) {
    const axes = range(x.rank - 1);
    const { mean, variance } = tf.moments(x, axes, true);
    const c = x.shape.at(-1)!;
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 0.1))), weight([c])), weight([c]));
  },
  excite: ({ x }) => tf.mul(x, tf.sigmoid(tf.mean(x, range(x.rank).slice(1, -1), true))),
  softmax: ({ x }) => tf.softmax(x),
  logSoftmax: ({ x }) => tf.logSoftmax(x),
  prelu: ({ x, weight }) => tf.prelu(x, weight([x.shape.at(-1)!], 0.2)),
  matMul({ x, pick, weight }) {
    const columns = x.shape.at(-1)!;
    const rows = tf.reshape(x, [-1, columns]);
    const turned = pick([true, false]);
    const units = pick([4, 8, 16]);
    const kernel = weight(turned ? [units, columns] : [columns, units], 1 / Math.sqrt(columns));
    return tf.reshape(tf.matMul(rows, kernel, false, turned), [...x.shape.slice(0, -1), units]);
  },
  gram({ x, pick }) {
    if (x.rank < 2 || x.shape.at(-1)! * x.shape.at(-2)! > 400) return undefined;
    const [a, b] = pick([[true, false], [false, true]]); // biome-ignore format: pairs
    return tf.mul(tf.matMul(x, x, a, b), 0.1);
  },
  maxPool({ x, pick }) {
    if (x.rank !== 4) return undefined;
    return tf.maxPool(x as tf.Tensor4D, [pick([1, 2, 3]), pick([2, 3])], [pick([1, 2]), 2], 'same');
  },
  avgPool: ({ x, pick }) =>
    x.rank !== 4 ? undefined : tf.avgPool(x as tf.Tensor4D, pick([2, 3]), 2, 'same'),
  maxPool3d: ({ x }) => (x.rank !== 5 ? undefined : tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'same')),
  batchNorm({ x, weight }) {
    if (x.rank !== 4) return undefined;
    const c = x.shape[3]!;
    const variance = tf.add(tf.square(weight([c])), 0.5) as tf.Tensor1D;
    return tf.batchNorm(
      x,
      weight([c]) as tf.Tensor1D,
      variance,
      weight([c]) as tf.Tensor1D,
      weight([c]) as tf.Tensor1D,
    );
  },
  /** tfjs's gradient along any other axis has another shape than x. */
  cumsum: ({ x }) => tf.mul(tf.cumsum(x, x.rank - 1), 0.4),
  stop: ({ x, weight }) => tf.add(x, tf.mul(tf.step(x), weight([x.shape.at(-1)!]))),
};
const names = Object.keys(operations);

/** Elements that a tensor may have; a step that would make more, or none, is left out. */
const MOST = 6000;

/** Runs a program, and records its operations in `trace`. */
function interpret(program: readonly Step[], x: tf.Tensor, weights: Map<string, tf.Tensor>, trace: string[]) {
  const earlier = [x];
  let current = x;
  for (const [at, { op, draws }] of program.entries()) {
    let drawn = 0;
    let made = 0;
    const context: Context = {
      x: current,
      earlier,
      pick: (choices) => choices[draws[drawn++ % draws.length]! % choices.length]!,
      weight: (shape, scale = 1) => {
        const key = `${at}.${made++}`;
        let found = weights.get(key);
        if (!found) {
          const values = noise(sizeOf(shape), 100 * at + made).map((value) => value * scale);
          found = tf.keep(tf.tensor(values, shape));
          weights.set(key, found);
        }
        return found;
      },
    };
    const name = names[op % names.length]!;
    const next = operations[name]!(context);
    if (!next || next.size > MOST || next.size === 0 || next.rank === 0) {
      // The result doesn't depend on the weights of a step that is left out, and tfjs would ask that it does.
      for (const [key, unused] of weights) {
        if (!key.startsWith(`${at}.`)) continue;
        tf.dispose(unused);
        weights.delete(key);
      }
      continue;
    }
    trace.push(`${name} -> [${next.shape}]`);
    earlier.push(next);
    current = next;
  }
  return current;
}

interface Outcome {
  value: number[];
  gradients: number[][];
  trace: string[];
}

/** The result of a program and its gradients in its input and its weights. */
async function outcome(
  backend: string,
  program: readonly Step[],
  shape: number[],
  reads: boolean,
): Promise<Outcome> {
  await tf.setBackend(backend);
  const before = tf.memory().numTensors;
  const trace: string[] = [];
  const weights = new Map<string, tf.Tensor>();
  const x = tf.tensor(noise(sizeOf(shape), 7), shape);
  // Once to make the weights.
  tf.tidy(() => void interpret(program, x, weights, []));
  const result = tf.tidy(() => {
    const all = [x, ...weights.values()];
    let value: tf.Tensor = x;
    const { grads } = tf.valueAndGrads((...given: tf.Tensor[]) => {
      const named = new Map([...weights.keys()].map((key, i) => [key, given[i + 1]!]));
      value = interpret(program, given[0]!, named, trace);
      if (reads) value.dataSync();
      const upstream = tf.tensor(noise(value.size, 8), value.shape);
      tf.keep(value);
      return tf.sum(tf.mul(value, upstream)) as tf.Scalar;
    })(all);
    const read = { value: [...value.dataSync()], gradients: grads.map((grad) => [...grad.dataSync()]) };
    if (value !== x) tf.dispose(value);
    return read;
  });
  tf.dispose([x, ...weights.values()]);
  expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
  return { ...result, trace };
}

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.nat({ max: 10_000 }),
  draws: fc.array(fc.nat({ max: 1000 }), { minLength: 6, maxLength: 6 }),
});

const named = (name: string, ...draws: number[]): Step => ({ op: names.indexOf(name), draws: [...draws, 0] });

/** What random programs found: a margin of images and channels cut off a gradient, and bools in blocks of channels. */
const onceWrong: [Step[], boolean][] = [
  [[named('pad', 0, 0, 5, 0, 0), named('conv2d'), named('conv2d')], false],
  [[named('clip'), named('gather', 202), named('conv2d'), named('conv2d')], false],
];

describe.skipIf(!onnxBinding)('random programs', () => {
  beforeAll(useOnnx);
  afterAll(async () => {
    await tf.setBackend('cpu');
    tf.removeBackend('onnx');
  });

  test.each([
    ['images of 8 channels', [2, 5, 6, 8]],
    ['images of 3 channels', [1, 6, 5, 3]],
    ['images of 16 channels', [2, 4, 4, 16]],
    ['volumes of 8 channels', [1, 4, 4, 5, 8]],
    ['volumes of 1 channel', [2, 3, 5, 4, 1]],
  ])('on %s have the results and gradients of cpu', (_, shape) =>
    fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 2, maxLength: 9 }),
        fc.boolean(),
        async (program, reads) => {
          const expected = await outcome('cpu', program, shape, reads);
          const actual = await outcome('onnx', program, shape, reads);
          const pairs = [
            [expected.value, actual.value],
            ...expected.gradients.map((gradient, i) => [gradient, actual.gradients[i]!]),
          ] as [number[], number[]][];
          // A gradient, and all of them, may be of terms that cancel out.
          const greatest = Math.max(...pairs.flatMap(([wanted]) => wanted.map(Math.abs)));
          pairs.forEach(([wanted, got], i) => {
            const scale = Math.max(0.01, 0.1 * greatest, ...wanted.map(Math.abs));
            const worst = wanted.findIndex((value, j) => !(Math.abs(value - got[j]!) <= 2e-4 * scale));
            if (worst >= 0 || wanted.length !== got.length) {
              const what = i === 0 ? 'the result' : `gradient ${i - 1}`;
              const how = `${got[worst]} instead of ${wanted[worst]}`;
              expect.fail(`${what} at ${worst} is ${how} after ${expected.trace.join(', ')}`);
            }
          });
        },
      ),
      { numRuns: Number(process.env['PROGRAMS'] ?? 40), examples: onceWrong },
    ),
  );
});
