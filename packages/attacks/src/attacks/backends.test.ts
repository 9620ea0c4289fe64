import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-wasm';
import { normal, predictionsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type Attack,
  apgd,
  autoAttack,
  type Classifier,
  classifierOf,
  crossEntropyLoss,
  cw,
  deepfool,
  fab,
  fgsm,
  jointBall,
  type Modalities,
  type PerturbOptions,
  pgd,
  square,
} from '../index.js';

type Symbol = tfl.SymbolicTensor;

/** Convolutions, pooling and dense layers on [batch, 8, 8, 3], joined with a dense branch. */
function build(): tfl.LayersModel {
  const seeded = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotNormal({ seed }) });
  const rgb = tfl.input({ shape: [8, 8, 3], name: 'rgb' });
  const skeleton = tfl.input({ shape: [2, 3, 5], name: 'skeleton' });
  let a = tfl.layers.conv2d({ filters: 6, kernelSize: 3, ...seeded(1) }).apply(rgb) as Symbol;
  a = tfl.layers.activation({ activation: 'tanh' }).apply(a) as Symbol;
  a = tfl.layers
    .conv2d({ filters: 6, kernelSize: 3, strides: 2, activation: 'tanh', ...seeded(2) })
    .apply(a) as Symbol;
  const b = tfl.layers.dense({ units: 8, activation: 'tanh', ...seeded(3) }).apply(skeleton) as Symbol;
  const joined = tfl.layers
    .concatenate()
    .apply([tfl.layers.flatten().apply(a) as Symbol, tfl.layers.flatten().apply(b) as Symbol]) as Symbol;
  const logits = tfl.layers.dense({ units: 5, ...seeded(4) }).apply(joined) as Symbol;
  return tfl.model({ inputs: [rgb, skeleton], outputs: logits });
}

/** Runs in a separate backend: margins of the label on clean and perturbed inputs, and the change. */
async function on(backend: string, attack: Attack, unit = 1, options: PerturbOptions = {}) {
  await tf.setBackend(backend);
  await tf.ready();
  const network = classifierOf(build());
  // An input in another unit, and a network that divides by it.
  const classifier: Classifier =
    unit === 1 ? network : (x) => tf.tidy(() => network({ ...x, rgb: tf.div(x.rgb!, unit) }));
  const rgb = uniform([4, 8, 8, 3], 1);
  const inputs: Modalities = { rgb: tf.mul(rgb, unit), skeleton: normal([4, 2, 3, 5], 2) };
  const labels = predictionsOf(classifier, inputs);
  const before = tf.memory().numTensors;
  const result = await attack.perturb(classifier, inputs, labels, { seed: 9, ...options });
  expect(tf.memory().numTensors - before).toBe(2);
  const loss = tf.tidy(() => {
    const z = classifier(result);
    return values(tf.neg(tf.sum(tf.mul(tf.logSoftmax(z), tf.oneHot(labels, 5)), 1)));
  });
  return {
    loss,
    rgb: values(tf.div(result.rgb!, unit)),
    skeleton: values(result.skeleton!),
    labels: values(labels),
  };
}

const range: [number, number] = [0, 1];
/** In each channel another range, of which every entry of a uniform input is part. */
const byChannel = [[0, -0.5, 0], tf.tensor1d([1, 1, 1.02])] as const;
const attacks: [string, () => Attack][] = [
  ['fgsm in linf', () => fgsm({ rgb: { norm: 'linf', epsilon: 0.05, range } })],
  [
    'pgd in linf and l2, masked',
    () =>
      pgd(
        {
          rgb: { norm: 'linf', epsilon: 0.05, range, mask: (x) => tf.cast(tf.greater(x, 0.2), 'float32') },
          skeleton: { norm: 'l2', epsilon: 0.3 },
        },
        { loss: 'cw', steps: 5 },
      ),
  ],
  [
    'pgd in linf and l2, with ranges and scales by channel',
    () =>
      pgd(
        {
          rgb: { norm: 'linf', epsilon: 0.05, range: byChannel, scale: tf.tensor1d([1, 2, 0.5]) },
          skeleton: {
            norm: 'l2',
            epsilon: 0.3,
            range: [-9, tf.tensor1d([9, 8, 7, 6, 5])],
            scale: [1, 2, 3, 2, 1],
          },
        },
        { steps: 5, randomStart: true },
      ),
  ],
  [
    'cw without and with a range by channel',
    () =>
      cw(
        { rgb: { norm: 'l2', epsilon: 9, range: byChannel }, skeleton: { norm: 'l2', epsilon: Infinity } },
        { steps: 12, binarySearchSteps: 3, initialConstant: 0.1, learningRate: 0.05 },
      ),
  ],
  [
    'pgd in l1 with restarts',
    () => pgd({ skeleton: { norm: 'l1', epsilon: 0.7 } }, { restarts: 2, loss: 'dlr', steps: 5 }),
  ],
  [
    'pgd in a joint ball, with momentum',
    () =>
      pgd(jointBall('l2', 1, { rgb: { range }, skeleton: { scale: 1 / 3 } }), { momentum: 0.8, steps: 5 }),
  ],
  [
    'apgd in linf and l1',
    () =>
      apgd(
        {
          rgb: { norm: 'linf', epsilon: 0.05, range },
          skeleton: { norm: 'l1', epsilon: 0.7, range: [-4, 4] },
        },
        { steps: 8 },
      ),
  ],
  [
    'fab in l1 and l2',
    () =>
      fab(
        { rgb: { norm: 'l1', epsilon: 9, range }, skeleton: { norm: 'l2', epsilon: 9 } },
        { steps: 3, targetClasses: 1 },
      ),
  ],
  [
    'autoAttack',
    () =>
      autoAttack(
        { rgb: { norm: 'l2', epsilon: 0.2, range } },
        {
          attacks: {
            'apgd-t': (own) => apgd(own, { steps: 5, loss: 'dlr', targetClasses: 2 }),
            square: (own) => square(own, { queries: 5 }),
          },
        },
      ),
  ],
];

describe.each(['wasm', 'onnx'] as const)('on the backend %s', (backend) => {
  let missing = '';
  // wasm as it ships; onnx needs an optional package.
  beforeAll(async () => {
    if (backend === 'wasm') return;
    missing = await useBackend({ backend }).then(
      () => '',
      (error: Error) => error.message,
    );
    // Nothing is too small for it here.
    if (!missing) tf.env().set('ONNX_CPU_FORWARD', false);
  });
  beforeEach(({ skip }) => skip(missing !== '', missing));
  afterAll(() => tf.setBackend('cpu'));

  it.each(attacks)('attacks do what they do on cpu: %s', async (_, make) => {
    const cpu = await on('cpu', make());
    const own = await on(backend, make());
    expect(own.labels).toEqual(cpu.labels);
    own.loss.forEach((loss, i) => {
      expect(loss).toBeCloseTo(cpu.loss[i]!, 3);
    });
    for (const name of ['rgb', 'skeleton'] as const) {
      const apart = own[name].filter((value, i) => Math.abs(value - cpu[name][i]!) > 1e-3);
      // A gradient near 0 may change its sign.
      expect(apart.length).toBeLessThan(0.02 * own[name].length);
    }
  });

  it.each<[string, PerturbOptions]>([
    ['{ topK }', { criterion: { topK: 2 } }],
    [
      '{ topK } of random targets, with early stopping',
      { criterion: { topK: 2 }, targets: 'random', stopWhenFooled: true },
    ],
    ['least likely targets', { targets: 'least-likely', stopWhenFooled: true }],
    ['a function', { criterion: (logits, labels) => tf.greater(crossEntropyLoss(logits, labels), 2) }],
  ])('success is judged as on cpu: %s', async (_, options) => {
    const make = () =>
      apgd(
        { rgb: { norm: 'linf', epsilon: 0.1, range }, skeleton: { norm: 'l2', epsilon: 0.5 } },
        { steps: 8, loss: 'cw' },
      );
    const cpu = await on('cpu', make(), 1, options);
    const own = await on(backend, make(), 1, options);
    expect(own.labels).toEqual(cpu.labels);
    own.loss.forEach((loss, i) => {
      // Auto-PGD keeps one of two equally good points by a rounding error: a little more of a difference than in a step.
      expect(loss).toBeCloseTo(cpu.loss[i]!, 2);
    });
  });

  it('a sample whose gradient is not finite is named, or left clean, in one step', async () => {
    await tf.setBackend(backend);
    await tf.ready();
    // The root of 0 has an infinite slope: in the second sample.
    const rooted: Classifier = ({ x }) =>
      tf.tidy(() =>
        tf.matMul(
          tf.sqrt(tf.abs(x!)),
          tf.tensor2d([
            [1, 0],
            [0, 1],
          ]),
        ),
      );
    const inputs = {
      x: tf.tensor2d([
        [1, 2],
        [3, 0],
        [2, 1],
      ]),
    };
    const labels = tf.tensor1d([1, 0, 0], 'int32');
    const attack = pgd({ x: { norm: 'l2', epsilon: 0.5 } }, { steps: 6 });
    await expect(attack.perturb(rooted, inputs, labels)).rejects.toMatchObject({
      failure: { rows: [1], modalities: ['x'], step: 1 },
    });
    const result = await attack.perturb(rooted, inputs, labels, { onNonFinite: 'skip' });
    const rows = (await result.x!.array()) as number[][];
    expect(rows[1]).toEqual([3, 0]);
    expect(rows[0]).not.toEqual([1, 2]);
    expect(rows.flat().every(Number.isFinite)).toBe(true);
  });

  it('a range by channel is kept to the last bit, by steps that would leave it', async () => {
    const threat = { rgb: { norm: 'linf', epsilon: 0.5, range: byChannel } } as const;
    const { rgb } = await on(backend, pgd(threat, { steps: 5 }));
    const [low, high] = [[0, -0.5, 0], [1, 1, 1.02].map(Math.fround)];
    expect(rgb.every((value, i) => value >= low[i % 3]! && value <= high[i % 3]!)).toBe(true);
    // All three channels are pushed to both ends.
    for (const channel of [0, 1, 2]) {
      const own = rgb.filter((_, i) => i % 3 === channel);
      if (channel !== 1) expect(Math.min(...own)).toBe(low[channel]);
      expect(Math.max(...own)).toBe(high[channel]);
    }
  });

  it.each<[string, (unit: number) => Attack]>([
    [
      'cw',
      (unit) =>
        cw(
          { rgb: { norm: 'l2', epsilon: Infinity, range: [0, unit] } },
          { steps: 20, binarySearchSteps: 3, initialConstant: 0.1, learningRate: 0.05 },
        ),
    ],
    [
      'cw without a range',
      (unit) => cw({ rgb: { norm: 'l2', epsilon: 4 * unit } }, { steps: 20, binarySearchSteps: 3 }),
    ],
    ['fab', (unit) => fab({ rgb: { norm: 'l2', epsilon: 40 * unit } }, { steps: 3, targetClasses: 1 })],
    ['deepfool', (unit) => deepfool({ rgb: { norm: 'linf', epsilon: Infinity, range: [0, unit] } })],
    ['apgd', (unit) => apgd({ rgb: { norm: 'l2', epsilon: 0.5 * unit, range: [0, unit] } }, { steps: 6 })],
    [
      'square',
      (unit) => square({ rgb: { norm: 'l2', epsilon: 0.5 * unit, range: [0, unit] } }, { queries: 8 }),
    ],
  ])('results do not depend on the unit of an input: %s', async (_, make) => {
    const one = await on(backend, make(1));
    for (const unit of [2 ** -10, 2 ** 10]) {
      const other = await on(backend, make(unit), unit);
      expect(other.labels).toEqual(one.labels);
      // Products with a power of two are exact.
      expect(other.rgb).toEqual(one.rgb);
    }
  });
});
