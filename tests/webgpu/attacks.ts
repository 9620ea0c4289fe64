import {
  type Attack,
  apgd,
  autoAttack,
  type Budget,
  boneLengths,
  boundedAcceleration,
  classifierOf,
  cw,
  deepfool,
  fab,
  fgsm,
  isJointBall,
  jointBall,
  mifgsm,
  onlyFrames,
  pgd,
  square,
} from '@amr/attacks';
import { gatedInputs, gatedModel } from '@amr/testing/attacks/gatedModel';
import * as tf from '@tensorflow/tfjs-core';
import { type Case, type Results, valuesOf } from './comparison.js';

const range: [number, number] = [0, 1];
const clip: Budget = { norm: 'linf', epsilon: 0.1, range };
const body: Budget = { norm: 'l2', epsilon: 0.5 };
// Five joints of a trunk with two arms.
const edges: [number, number][] = [[0, 1], [1, 2], [1, 3], [3, 4]]; // biome-ignore format: bone by bone

/** Every kind of attack, norm, mask and constraint, on a small model with two inputs and a gate. */
const attacks: { [name: string]: Attack } = {
  'fgsm in linf': fgsm({ rgb: clip, skeleton: { norm: 'linf', epsilon: 0.2 } }),
  'pgd in linf and l2 from random starts': pgd(
    { rgb: clip, skeleton: body },
    { steps: 4, randomStart: true, restarts: 2 },
  ),
  'pgd in l1, on some frames': pgd(
    { skeleton: { norm: 'l1', epsilon: 2, mask: onlyFrames([0, 2], { axis: 2 }) } },
    { steps: 4, loss: 'cw' },
  ),
  'pgd with bones of one length': pgd(
    { skeleton: { norm: 'linf', epsilon: 0.1, constraints: [boneLengths({ edges })] } },
    { steps: 2 },
  ),
  'pgd with bounded acceleration': pgd(
    { skeleton: { norm: 'linf', epsilon: 0.1, constraints: [boundedAcceleration({ bound: 0.05 })] } },
    { steps: 2 },
  ),
  'pgd in a joint ball': pgd(jointBall('l2', 1, { rgb: { range }, skeleton: { scale: 1 / 2 } }), {
    steps: 4,
  }),
  mifgsm: mifgsm({ rgb: clip, skeleton: body }, { steps: 4 }),
  cw: cw(
    { rgb: { norm: 'l2', epsilon: 2, range }, skeleton: { norm: 'l2', epsilon: 2 } },
    { steps: 6, binarySearchSteps: 2 },
  ),
  deepfool: deepfool(
    { rgb: { norm: 'l2', epsilon: 2, range }, skeleton: { norm: 'l2', epsilon: 2 } },
    { steps: 3 },
  ),
  'apgd in linf and l1': apgd(
    { rgb: clip, skeleton: { norm: 'l1', epsilon: 2, range: [-4, 4] } },
    { steps: 6, loss: 'dlr' },
  ),
  fab: fab(
    { rgb: { norm: 'linf', epsilon: 0.5, range }, skeleton: { norm: 'l1', epsilon: 9, range: [-4, 4] } },
    { steps: 3, targetClasses: 1 },
  ),
  square: square({ rgb: clip }, { queries: 8 }),
  autoAttack: autoAttack(
    { rgb: clip },
    {
      attacks: {
        apgd: (own) => apgd(own, { steps: 4 }),
        'apgd-t': (own) => apgd(own, { steps: 4, loss: 'dlr', targetClasses: 2 }),
        square: (own) => square(own, { queries: 4 }),
      },
    },
  ),
};

const daily = new Set(['fgsm in linf', 'pgd in l1, on some frames']);

/**
 * Every attack: its adversarial examples and their loss. A second run has to give the same ones, inside the ball and the range.
 */
export const attackCases: Case[] = Object.entries(attacks).map(([name, attack]) => ({
  name,
  daily: daily.has(name),
  compute: () => attacked(attack),
}));

async function attacked(attack: Attack): Promise<Results> {
  const model = gatedModel();
  const classifier = classifierOf(model, { output: 'logits' });
  const inputs = gatedInputs(4);
  const labels = tf.tidy(() => tf.argMax(classifier(inputs), 1)) as tf.Tensor1D;
  const clean = await Promise.all(Object.values(inputs).map(valuesOf));
  const once = await attack.perturb(classifier, inputs, labels, { seed: 9 });
  const again = await attack.perturb(classifier, inputs, labels, { seed: 9 });
  const loss = tf.tidy(() =>
    tf.neg(tf.sum(tf.mul(tf.logSoftmax(classifier(once)), tf.oneHot(labels, 5)), 1)),
  );
  const results: Results = { loss: await valuesOf(loss) };
  for (const [i, name] of Object.keys(inputs).entries()) {
    results[`perturbed ${name}`] = await valuesOf(once[name]!);
    const same = (await valuesOf(again[name]!)).every(
      (value, j) => value === results[`perturbed ${name}`]![j],
    );
    if (!same)
      throw new Error(`${attack.name}: got other adversarial examples from a second run; expected the same.`);
    assertInside(attack, name, clean[i]!, results[`perturbed ${name}`]!);
  }
  tf.dispose([inputs, labels, once, again, loss]);
  model.dispose();
  return results;
}

/** Checks the threat model for one input: every entry in the range, every row in its ball, other inputs unchanged. */
function assertInside({ name, threatModel }: Attack, modality: string, clean: number[], perturbed: number[]) {
  const budget = (threatModel as { [modality: string]: Budget | undefined })[modality];
  const rows = 4;
  const size = clean.length / rows;
  for (let row = 0; row < rows; row++) {
    const change = perturbed.slice(row * size, (row + 1) * size).map((v, j) => v - clean[row * size + j]!);
    const sizes = change.map(Math.abs);
    const length =
      budget?.norm === 'l1'
        ? sizes.reduce((a, b) => a + b, 0)
        : budget?.norm === 'l2'
          ? Math.hypot(...sizes)
          : Math.max(...sizes);
    if (!isJointBall(threatModel) && !(length <= ((budget?.epsilon as number) ?? 0) * (1 + 1e-5) + 1e-6))
      throw new Error(
        `${name}, ${modality}: got a perturbation of size ${length}; expected at most ${budget?.epsilon ?? 0}.`,
      );
  }
  const [min, max] = (budget?.range ?? [-Infinity, Infinity]) as readonly [number, number];
  if (!perturbed.every((value) => value >= min && value <= max))
    throw new Error(`${name}, ${modality}: got values out of range; expected ${min} to ${max}.`);
}
