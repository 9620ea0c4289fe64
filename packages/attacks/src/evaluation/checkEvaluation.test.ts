import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { denseClassifier, predictionsOf, uniform } from '@amr/testing/attacks/models';
import { describe, expect, it, vi } from 'vitest';
import {
  type Attack,
  AttackInputError,
  AttackOptionsError,
  type Budget,
  type Classifier,
  cheapCheckNames,
  checkEvaluation,
  checkNames,
  type Finding,
  fgsm,
  jointBall,
  type Modalities,
  pgd,
  type ThreatModel,
  ThreatModelError,
} from '../index.js';

const rows = 12;
const inputs: Modalities = { a: uniform([rows, 3, 2], 1), b: uniform([rows, 4], 2, [-1, 1]) };
const honest = denseClassifier(inputs, 5, 3, 3);
const labels = predictionsOf(honest, inputs);
const a: Budget = { norm: 'linf', epsilon: 0.1, range: [0, 1] };
const threatModel = { a, b: { norm: 'linf', epsilon: 0.1 } } satisfies ThreatModel;
const mild = { a: { ...a, epsilon: 0.03 }, b: { norm: 'linf', epsilon: 0.03 } } satisfies ThreatModel;

type Options = Partial<Parameters<typeof checkEvaluation>[3]>;
const examine = (classifier: Classifier, options: Options = {}, y = labels) =>
  checkEvaluation(classifier, inputs, y, { threatModel, ...options });
/** The findings by name. */
const named = (findings: Finding[]) =>
  Object.fromEntries(findings.map((finding) => [finding.check, finding])) as Record<string, Finding>;
const warned = (findings: Finding[]) =>
  findings.filter(({ status }) => status === 'warning').map(({ check }) => check);
/** The classifier with another gradient. */
const withGradient = (inner: Classifier, change: (dy: tf.Tensor) => tf.Tensor): Classifier => {
  const gate = tf.customGrad((x) => ({
    value: tf.clone(x as tf.Tensor),
    gradFunc: (dy: tf.Tensor) => change(dy),
  }));
  return (x) => tf.tidy(() => gate(inner(x)) as tf.Tensor2D);
};
/** A classifier whose gradient has the wrong sign. */
const misleading = withGradient(honest, (dy) => tf.neg(dy));

it('finds nothing wrong with an honest classifier and a good attack', async () => {
  for (const model of [
    mild,
    { a: { ...mild.a, norm: 'l2', epsilon: 0.05 } },
    jointBall('l2', 0.05, { a: {}, b: {} }),
  ]) {
    const findings = await examine(honest, { threatModel: model as ThreatModel });
    expect(findings.map(({ check }) => check)).toEqual(checkNames);
    expect(warned(findings)).toEqual([]);
    const { attack, 'clean-accuracy': clean, 'large-epsilon': large, 'black-box': box } = named(findings);
    expect(clean!.figures['accuracy']).toBe(1);
    // Some samples are robust, so the checks that compare attacks run.
    expect(attack!.figures['robust']).toBeGreaterThan(3);
    expect(attack!.figures['robust']).toBeLessThan(rows);
    expect(large!.figures['stillRobust']).toBe(0);
    expect(box!.figures['fooled']).toBe(0);
    expect(box!.status).toBe('passed');
  }
});

it('counts fooled samples: a linear classifier in one dimension', async () => {
  const x = tf.tensor2d([[0.1], [0.3], [0.6], [-0.2], [-0.05], [0.4]]);
  const classifier: Classifier = ({ x: at }) =>
    tf.tidy(() => tf.concat([tf.neg(at!), at!], 1) as tf.Tensor2D);
  // The last sample is misclassified without an attack; 0.1 and -0.05 are fooled by 0.15; the others are robust.
  const y = tf.tensor1d([1, 1, 1, 0, 0, 0], 'int32');
  const findings = named(
    await checkEvaluation(classifier, { x }, y, { threatModel: { x: { norm: 'l2', epsilon: 0.15 } } }),
  );
  expect(warned(Object.values(findings))).toEqual([]);
  expect(findings['clean-accuracy']!.figures).toMatchObject({ correct: 5, samples: 6 });
  expect(findings['attack']!.figures).toMatchObject({
    correct: 5,
    robust: 3,
    outside: 0,
    robustAccuracy: 0.5,
  });
  expect(findings['attack']!.message).toContain('from 83.3 % to 50.0 % of 6 samples');
  expect(findings['zero-gradients']!.figures).toEqual({
    'x: samples': 5,
    'x: zero': 0,
    'x: zero in the attack': 0,
  });
  // d(z0 - z1)/dx = -2, weighted by the probability of the wrong class: the most confident sample is the one at 0.6.
  expect(findings['saturated-softmax']!.figures['x: smallest gradient']).toBeCloseTo(
    2 / (1 + Math.exp(1.2)),
    5,
  );
  expect(findings['rising-loss']!.figures).toMatchObject({ steps: 20, robust: 3, neverRising: 0, slope: 0 });
  expect(findings['single-step']!.figures).toEqual({ robust: 3, fooled: 0 });
  expect(findings['large-epsilon']!.figures).toEqual({ robust: 3, stillRobust: 0 });
});

it('warns of a softmax inside the classifier', async () => {
  const findings = await examine((x) => tf.tidy(() => tf.softmax(honest(x))));
  expect(warned(findings)).toContain('probabilities');
  expect(named(findings)['probabilities']!.message).toMatch(/before the softmax/);
});

it('warns of a classifier that is no better than a guess', async () => {
  const wrong = tf.tidy(() => tf.mod(tf.add(labels, 1), 5)) as tf.Tensor1D;
  const findings = await examine(honest, {}, wrong);
  expect(warned(findings)).toEqual(['clean-accuracy']);
  expect(named(findings)['attack']).toMatchObject({ status: 'inconclusive', figures: {} });
});

it('warns of a random classifier, but not of its batch', async () => {
  let calls = 0;
  const noisy: Classifier = (x) =>
    tf.tidy(() => {
      const z = honest(x);
      return tf.add(z, tf.randomNormal(z.shape, 0, 0.02, 'float32', ++calls)) as tf.Tensor2D;
    });
  const findings = named(await examine(noisy, { checks: ['randomness', 'batch-dependence'] }));
  expect(findings['randomness']).toMatchObject({ status: 'warning', figures: { differing: rows, calls: 5 } });
  expect(findings['batch-dependence']!.status).toBe('inconclusive');
});

it('warns of rows that depend on their batch', async () => {
  const normalising: Classifier = (x) =>
    tf.tidy(() => {
      const z = honest(x);
      return tf.sub(z, tf.mean(z, 0, true)) as tf.Tensor2D;
    });
  const findings = await examine(normalising, { checks: ['randomness', 'batch-dependence'] });
  expect(warned(findings)).toEqual(['batch-dependence']);
});

it('warns of a classifier that rounds its inputs, which only a black-box attack fools', async () => {
  const fine: Classifier = (x) =>
    tf.tidy(() => honest({ ...x, a: tf.div(tf.round(tf.mul(x['a']!, 50)), 50) }));
  const only = { a };
  const y = predictionsOf(fine, inputs);
  const findings = await examine(fine, { threatModel: only }, y);
  expect(warned(findings)).toEqual(['zero-gradients', 'rising-loss', 'black-box']);
  const { 'zero-gradients': zero, 'black-box': box, 'large-epsilon': large } = named(findings);
  expect(zero!.figures).toEqual({ 'a: samples': rows, 'a: zero': rows, 'a: zero in the attack': rows });
  expect(zero!.message).toContain(`'a' for ${rows} of ${rows} samples`);
  expect(box!.figures['fooled']).toBeGreaterThan(0);
  // The classifier might rely on b, which the threat model leaves out.
  expect(large).toMatchObject({ status: 'inconclusive', figures: { stillRobust: rows } });
  expect(large!.message).toContain("'b'");
});

it('warns of a saturated softmax, and of an attack whose loss has no gradient there', async () => {
  const sure: Classifier = (x) => tf.tidy(() => tf.mul(honest(x), 1e4));
  const only = ['zero-gradients', 'saturated-softmax'] as const;
  const logOdds = await examine(sure, { checks: only });
  expect(warned(logOdds)).toEqual(['saturated-softmax']);
  expect(named(logOdds)['saturated-softmax']!.figures['a: vanishing']).toBeGreaterThan(rows / 2);
  const plain = (z: tf.Tensor2D, y: tf.Tensor1D) =>
    tf.neg(tf.sum(tf.mul(tf.logSoftmax(z), tf.oneHot(y, 5)), 1)) as tf.Tensor1D;
  const own = await examine(sure, { checks: only, attack: (model) => pgd(model, { loss: plain }) });
  expect(warned(own)).toEqual(['zero-gradients', 'saturated-softmax']);
  expect(named(own)['zero-gradients']!.message).toMatch(/gradient of the attack's loss/);
});

it('does not warn of a few very confident samples', async () => {
  // Two rows of twelve with logits far apart.
  const factor = tf.tensor2d([...Array(rows).keys()].map((row) => [row < 2 ? 1e4 : 1]));
  const x = { ...inputs, factor };
  const sure: Classifier = (at) => tf.tidy(() => tf.mul(honest({ a: at['a']!, b: at['b']! }), at['factor']!));
  const [finding] = await checkEvaluation(sure, x, labels, { threatModel, checks: ['saturated-softmax'] });
  expect(finding).toMatchObject({ status: 'passed', figures: { 'a: vanishing': 2, 'b: vanishing': 2 } });
  expect(finding!.message).toContain(`'a' for 2 of ${rows} samples`);
});

it('warns of gradients with the wrong sign', async () => {
  const findings = await examine(misleading);
  expect(warned(findings)).toEqual(['rising-loss', 'large-epsilon', 'black-box']);
  expect(named(findings)['rising-loss']!.message).toMatch(/never rises/);
  expect(named(findings)['large-epsilon']!.figures['stillRobust']).toBeGreaterThan(0);
});

it('warns of an attack with a few short steps', async () => {
  const shorter = { a: { ...a, stepSize: 0.004 }, b: { ...threatModel.b, stepSize: 0.004 } };
  const findings = await examine(honest, {
    threatModel: shorter,
    attack: (model) => pgd(model, { steps: 6 }),
  });
  expect(warned(findings)).toEqual(expect.arrayContaining(['rising-loss', 'single-step']));
  // The loss is nearly linear: the last of six steps rises as fast as the others.
  expect(named(findings)['rising-loss']!.figures['slope']).toBeGreaterThan(0.8);
});

it('warns of an attack with many steps that is weaker than a single step', async () => {
  const down = (z: tf.Tensor2D, y: tf.Tensor1D) =>
    tf.neg(tf.sum(tf.mul(z, tf.sub(1, tf.oneHot(y, 5))), 1)) as tf.Tensor1D;
  const findings = await examine(honest, { attack: (model) => pgd(model, { loss: down }) });
  expect(warned(findings)).toContain('single-step');
  expect(named(findings)['single-step']!.figures['fooled']).toBeGreaterThan(0);
});

it('warns of an attack that is stronger with half the budget', async () => {
  // Misclassified only for changes between 0.04 and 0.06: a step of 0.1 passes over them.
  const narrow: Classifier = ({ x }) =>
    tf.tidy(() => tf.concat([tf.sub(tf.square(tf.sub(x!, 0.05)), 1e-4), tf.zerosLike(x!)], 1) as tf.Tensor2D);
  const zeros = { x: tf.zeros([3, 1]) };
  const options = {
    threatModel: { x: { norm: 'linf', epsilon: 0.1 } },
    attack: (model: ThreatModel) => fgsm(model),
  } as const;
  const findings = await checkEvaluation(narrow, zeros, tf.zeros([3], 'int32'), options);
  expect(named(findings)['half-epsilon']).toMatchObject({
    status: 'warning',
    figures: { robust: 3, fooled: 3 },
  });
  expect(named(findings)['rising-loss']).toMatchObject({ status: 'inconclusive', figures: { steps: 1 } });
});

it('warns of an attack that leaves the threat model', async () => {
  const returning =
    (change: (x: tf.Tensor) => tf.Tensor, modality: string) =>
    (model: ThreatModel): Attack => ({
      name: 'mine',
      threatModel: model,
      perturb: async (_, x) =>
        tf.tidy(() => ({ a: tf.clone(x['a']!), b: tf.clone(x['b']!), [modality]: change(x[modality]!) })),
    });
  const outside = async (attack: (model: ThreatModel) => Attack, model: ThreatModel = threatModel) => {
    const [finding] = await examine(honest, { attack, threatModel: model, checks: ['attack'] });
    return finding!.figures['outside'];
  };
  expect(await outside(returning((x) => tf.add(x, 0), 'a'))).toBe(0);
  expect(await outside(returning((x) => tf.add(x, 0.1), 'b'))).toBe(0);
  expect(await outside(returning((x) => tf.add(x, 0.1001), 'b'))).toBe(rows);
  expect(await outside(returning((x) => tf.mul(x, NaN), 'b'))).toBe(rows);
  expect(
    await outside(
      returning((x) => tf.add(x, 1e-3), 'b'),
      { a },
    ),
  ).toBe(rows);
  expect(
    await outside(
      returning((x) => tf.add(x, 0.05), 'a'),
      { a: { ...a, mask: tf.tensor1d([1, 0]) } },
    ),
  ).toBe(rows);
  const top = tf.tidy(() => tf.max(inputs['a']!).dataSync()[0]!);
  expect(
    await outside(
      returning((x) => tf.add(x, 0.1), 'a'),
      { a: { ...a, range: [0, top] } },
    ),
  ).toBeGreaterThan(0);
  const rule = {
    name: 'none',
    apply: (_: tf.Tensor, clean: tf.Tensor) => clean,
    holds: (x: tf.Tensor, clean: tf.Tensor) =>
      tf.all(
        tf.equal(tf.reshape(x, [x.shape[0]!, -1]), tf.reshape(clean, [x.shape[0]!, -1])),
        1,
      ) as tf.Tensor1D,
  };
  expect(
    await outside(
      returning((x) => tf.add(x, 0.05), 'b'),
      { b: { ...threatModel.b, constraints: [rule] } },
    ),
  ).toBe(rows);
});

it('reports an attack or a check that fails as a finding', async () => {
  const rooted: Classifier = (x) =>
    tf.tidy(() => honest({ ...x, b: tf.add(x['b']!, tf.sqrt(tf.mul(x['b']!, 0))) }));
  const findings = named(await examine(rooted));
  expect(findings['zero-gradients']).toMatchObject({ status: 'warning' });
  expect(findings['zero-gradients']!.message).toMatch(/^The check failed: gradient of 'b': got NaN/);
  expect(findings['attack']!.message).toMatch(/^The attack failed.*gradient of 'b': got NaN/);
  expect(findings['black-box']).toMatchObject({ status: 'inconclusive' });
  const three: Classifier = (x) => tf.tidy(() => tf.slice2d(honest(x) as tf.Tensor2D, [0, 0], [-1, 3]));
  const dlr = await examine(
    three,
    { attack: (model) => pgd(model, { loss: 'dlr' }), checks: ['attack', 'half-epsilon'] },
    predictionsOf(three, inputs),
  );
  expect(dlr.map(({ status }) => status)).toEqual(['warning', 'inconclusive']);
  expect(dlr[0]!.message).toContain('expected four classes or more');
});

it('leaves out samples whose mask allows no change', async () => {
  const present = tf.tidy(() =>
    tf.cast(tf.greater(tf.reshape(tf.range(0, rows), [rows, 1, 1]), tf.fill([rows, 3, 2], 3)), 'float32'),
  );
  const model = { a: { ...a, mask: present }, b: threatModel.b };
  const findings = named(await examine(honest, { threatModel: model, checks: ['zero-gradients', 'attack'] }));
  expect(findings['zero-gradients']).toMatchObject({
    status: 'passed',
    figures: { 'a: samples': rows - 4, 'b: samples': rows },
  });
  expect(findings['attack']!.status).toBe('passed');
});

it('takes a radius for each sample, and l1 balls, for which square has no form', async () => {
  const epsilon = tf.tidy(() => tf.add(0.02, tf.mul(tf.range(0, rows), 0.004))) as tf.Tensor1D;
  const perRow = await examine(honest, { threatModel: { a: { ...a, epsilon }, b: { norm: 'l2', epsilon } } });
  expect(warned(perRow)).toEqual([]);
  const l1 = named(
    await examine(honest, { threatModel: { a: { ...a, norm: 'l1' }, b: { norm: 'l1', epsilon: 0.1 } } }),
  );
  expect(l1['black-box']).toMatchObject({ status: 'inconclusive', figures: {} });
  expect(l1['black-box']!.message).toMatch(/'blackBox'.*'l1'/);
  expect(l1['large-epsilon']).toMatchObject({ status: 'passed' });
  const own = await examine(honest, {
    threatModel: { b: { norm: 'l1', epsilon: 0.1 } },
    blackBox: (model) => fgsm(model),
    checks: ['black-box'],
  });
  expect(own[0]!.status).toBe('passed');
});

it('uses the given result of the attack', async () => {
  const attack = vi.fn((model: ThreatModel) => pgd(model));
  const right = await pgd(threatModel).perturb(honest, inputs, labels, { seed: 0 });
  const given = named(
    await examine(honest, { attack, adversarial: right, checks: ['attack', 'rising-loss'] }),
  );
  const run = named(await examine(honest, { checks: ['attack', 'rising-loss'] }));
  expect(given['attack']).toEqual(run['attack']);
  expect(given['rising-loss']!.status).toBe('inconclusive');
  await expect(examine(honest, { adversarial: { a: inputs['a']! } })).rejects.toThrow(
    /^checkEvaluation\.adversarial\.b: got undefined; expected the shape of the input/,
  );
});

it('gives the same findings for the same seed, as plain finite data, and reports progress after each', async () => {
  const progress: string[] = [];
  const random = (model: ThreatModel) => pgd(model, { steps: 3, randomStart: true });
  const options: Options = {
    attack: random,
    seed: 7,
    onProgress: ({ finding, done, total }) => void progress.push(`${finding.check} ${done}/${total}`),
  };
  const draw = vi.spyOn(Math, 'random');
  const first = await examine(misleading, options);
  expect(draw).not.toHaveBeenCalled();
  draw.mockRestore();
  expect(progress).toEqual(checkNames.map((name, i) => `${name} ${i + 1}/${checkNames.length}`));
  const again = await examine(misleading, options);
  expect(again).toEqual(first);
  expect(JSON.parse(JSON.stringify(first))).toEqual(first);
});

it('stops between steps when the signal aborts, and leaks nothing', async () => {
  const before = tf.memory().numTensors;
  await examine(honest);
  await examine(misleading);
  const stop = new AbortController();
  const reason = new Error('enough');
  const stopping = (model: ThreatModel): Attack => {
    const inner = pgd(model);
    return {
      ...inner,
      perturb: (classifier, x, y, options) =>
        inner.perturb(classifier, x, y, {
          ...options,
          onStep: ({ step }) => void (step === 3 && stop.abort(reason)),
        }),
    };
  };
  await expect(examine(honest, { attack: stopping, signal: stop.signal })).rejects.toBe(reason);
  await expect(examine(honest, { signal: stop.signal })).rejects.toBe(reason);
  const failure = new Error('stop');
  await expect(examine(honest, { onProgress: () => Promise.reject(failure) })).rejects.toBe(failure);
  const failing: Classifier = () => {
    throw failure;
  };
  await expect(examine(failing)).rejects.toBe(failure);
  let calls = 0;
  const later: Classifier = (x) => (++calls > 15 ? failing(x) : honest(x));
  expect(warned(await examine(later))).toContain('attack');
  expect(tf.memory().numTensors).toBe(before);
});

it('refuses arguments that are not valid before any work', async () => {
  const classifier = vi.fn(honest);
  await expect(examine(classifier, { threatModel: {} })).rejects.toBeInstanceOf(ThreatModelError);
  await expect(
    examine(classifier, { threatModel: { a: { ...a, epsilon: Infinity } } }),
  ).rejects.toBeInstanceOf(ThreatModelError);
  await expect(examine(classifier, { seed: -1 })).rejects.toBeInstanceOf(AttackOptionsError);
  await expect(examine(classifier, { checks: ['colour' as never] })).rejects.toThrow(
    /^checkEvaluation\.checks: got \['colour'\]; expected some of \['clean-accuracy'/,
  );
  await expect(examine(classifier, { adversarials: {} } as never)).rejects.toThrow(
    /^checkEvaluation\.adversarials: .*; expected adversarial\. Rename it\.$/,
  );
  expect(classifier).not.toHaveBeenCalled();
  await expect(examine(honest, {}, tf.fill([rows], 5, 'int32'))).rejects.toBeInstanceOf(AttackInputError);
});

describe('a modality that the classifier ignores', () => {
  // The logits of b alone, and a ten-thousandth of those of a: another a changes no prediction.
  const deaf: Classifier = (x) =>
    tf.tidy(() => {
      const silent = { ...x, a: tf.mul(x.a!, 0) };
      return tf.add(honest(silent), tf.mul(tf.sub(honest(x), honest(silent)), 1e-4));
    });
  const right = predictionsOf(deaf, inputs);
  const find = async (options: Options = {}, classifier = deaf) => {
    const [finding] = await examine(classifier, { checks: ['ignored-modality'], ...options }, right);
    return finding!;
  };

  it('is a warning that names it and says what its accuracies mean', async () => {
    const attack = vi.fn(pgd);
    const before = tf.memory().numTensors;
    const finding = await find({ attack });
    expect(tf.memory().numTensors).toBe(before);
    expect(finding.status).toBe('warning');
    expect(finding.message).toMatch(/^The classifier ignores 'a'\. .* of 12 predictions/);
    expect(finding.message).toMatch(/under an attack on 'a' alone .* says nothing about robustness/);
    expect(finding.figures["a: predictions that another sample's input changes"]).toBe(0);
    expect(finding.figures['a: predictions that noise changes']).toBe(0);
    expect(finding.figures['a: gain, in shares of the largest other']).toBeLessThan(0.001);
    expect(finding.figures["b: predictions that another sample's input changes"]).toBeGreaterThan(3);
    expect(attack).not.toHaveBeenCalled();
  });

  it('is found in a joint ball, whose scales count', async () => {
    expect((await find({ threatModel: jointBall('l2', 0.1, { a: {}, b: {} }) })).status).toBe('warning');
    // With 100,000 times the budget the little that it counts is enough.
    const wide = jointBall('l2', 0.1, { a: { scale: 1e5 }, b: {} });
    expect((await find({ threatModel: wide })).status).toBe('passed');
  });

  it('is not a modality whose changes turn predictions or whose gradient counts', async () => {
    expect((await find({}, honest)).status).toBe('passed');
    // A hundredth of the others' gain is the limit.
    const louder: Classifier = (x) =>
      tf.tidy(() => {
        const silent = { ...x, a: tf.mul(x.a!, 0) };
        return tf.add(honest(silent), tf.mul(tf.sub(honest(x), honest(silent)), 0.05));
      });
    expect((await find({}, louder)).status).toBe('passed');
  });

  it("can't be told apart where it alone is attacked", async () => {
    expect(await find({ threatModel: { a } })).toMatchObject({
      status: 'inconclusive',
      message: expect.stringMatching(/check a condition that attacks all/),
    });
    expect((await find({ threatModel: { b: threatModel.b } })).status).toBe('passed');
  });
});

it('makes the cheap checks without running the attack, in a few passes', async () => {
  let calls = 0;
  const counted: Classifier = (x) => {
    calls++;
    return honest(x);
  };
  const attack = vi.fn(pgd);
  const findings = await examine(counted, { checks: cheapCheckNames, attack });
  expect(findings.map(({ check }) => check)).toEqual(cheapCheckNames);
  expect(warned(findings)).toEqual([]);
  expect(attack).not.toHaveBeenCalled();
  // Clean, 4 for randomness, 1 for gradients, and 2 for each modality and 1 gradient.
  expect(calls).toBe(11);
});
