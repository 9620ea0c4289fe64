import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { linearClassifier, normal, uniform } from '@amr/testing/attacks/models';
import { expect, it } from 'vitest';
import { fab } from '../attacks/fab.js';
import { pgd } from '../attacks/pgd.js';
import type { ThreatModel } from '../threatModel/threatModel.js';
import type { Attack } from './attack.js';

const [rows, size] = [3, 40];
const inputs = { a: uniform([rows, 4, 10], 1) };
const classifier = linearClassifier({ a: normal([size, 5], 3) as tf.Tensor2D });
const labels = tf.tensor1d([0, 1, 2], 'int32');

/** Kernels that a step runs and how many of them pass over a whole input; those that copy nothing don't count. */
async function kernelsOf(make: (steps: number) => Attack): Promise<{ all: number; passes: number }> {
  const counts = [];
  for (const steps of [3, 4]) {
    const { kernels } = await tf.profile(async () => {
      tf.dispose(await make(steps).perturb(classifier, inputs, labels, { seed: 1 }));
      return tf.zeros([1]);
    });
    const working = kernels.filter(({ name }) => name !== 'Identity' && name !== 'Reshape');
    const whole = (shape: number[] | null) => tf.util.sizeFromShape(shape ?? []) >= rows * size;
    const passes = working.filter(({ inputShapes, outputShapes }) =>
      [...inputShapes, ...outputShapes].some((shape) => whole(shape as number[] | null)),
    );
    counts.push({ all: working.length, passes: passes.length });
  }
  const [few, more] = counts as [{ all: number; passes: number }, { all: number; passes: number }];
  return { all: more.all - few.all, passes: more.passes - few.passes };
}

const linf = { norm: 'linf', epsilon: 0.1 } as const;
const mask = tf.ones([4, 10]);
const a: ThreatModel = { a: linf };
// Sums and differences: x = clean + d; forward, backward; g - g and its sum; sign, step, d; ball.
it.each<[string, ThreatModel, number]>([
  ['a linf ball', a, 9],
  // The range clips x, and the way back takes a minimum and a maximum in place of one clip.
  ['a linf ball in a range', { a: { ...linf, range: [0, 1] } }, 11],
  // The gradient is 0 where the mask is.
  ['a linf ball with a mask', { a: { ...linf, mask } }, 13],
  // Two lengths, of six passes each, and two products and quotients, in place of a sign and a clip.
  ['an l2 ball', { a: { norm: 'l2', epsilon: 0.1 } }, 19],
])('a step of PGD in %s passes over the input no more often than it has to', async (_, threatModel, most) => {
  const { passes } = await kernelsOf((steps) => pgd(threatModel, { steps }));
  expect(passes).toBe(most);
});

it('a step of PGD runs 30 kernels, classifier and loss included', async () => {
  const { all } = await kernelsOf((steps) => pgd(a, { steps }));
  expect(all).toBeLessThanOrEqual(30);
});

it('a step of FAB without bounds projects in one go, and passes 54 times', async () => {
  const { passes } = await kernelsOf((steps) => fab(a, { steps, targetClasses: 1 }));
  expect(passes).toBeLessThanOrEqual(54);
});
