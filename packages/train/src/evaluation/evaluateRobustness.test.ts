import {
  type Attack,
  type Classifier,
  cheapCheckNames,
  checkNames,
  classifierOf,
  jointBall,
  type Modalities,
  pgd,
  type ThreatModel,
} from '@amr/attacks';
import { sumClassifier, sumSamples } from '@amr/testing/data/linearSamples';
import { budgets, tinyModel, tinySamples } from '@amr/testing/data/tinySamples';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it, vi } from 'vitest';
import {
  compareReports,
  type EvaluationOptions,
  type EvaluationProgress,
  evaluateRobustness,
  mergeReports,
  ReportError,
  RobustnessReport,
  TrainOptionError,
} from '../index.js';

// The last sample is wrong without an attack.
const sums = [1, 0.1, -1, -0.3, 0.2];
const labels = [1, 1, 0, 0, 0];
const ab = {
  a: { norm: 'linf', epsilon: 0.15 },
  b: { norm: 'linf', epsilon: 0.6 },
} satisfies EvaluationOptions['budgets'];

describe('evaluateRobustness', () => {
  it('gives the accuracies, average, balance and RI that follow from the margins', async () => {
    const testSet = sumSamples(sums, labels);
    const baseline = await evaluateRobustness(sumClassifier(0), testSet, { budgets: ab, batchSize: 2 });
    const report = await evaluateRobustness(sumClassifier(), testSet, {
      budgets: ab,
      baseline,
      batchSize: 2,
    });
    expect(report.conditions).toEqual(['a', 'b', 'both']);
    expect(report.attacks).toEqual(['FGSM', 'PGD-20']);
    for (const attack of report.attacks) {
      // Sums 1 and -1 are robust to 0.75; -0.3 to 0.15; 0.1 to neither.
      expect(report.clean.accuracy).toBe(4 / 5);
      expect(report.robust('a', attack).accuracy).toBe(3 / 5);
      expect(report.robust('b', attack).accuracy).toBe(2 / 5);
      expect(report.robust('both', attack).accuracy).toBe(2 / 5);
      expect(report.average(attack).accuracy).toBeCloseTo(7 / 15, 12);
      expect(report.balance(attack)).toBeCloseTo(20, 12);
      // The baseline sees b alone: 4/5, 0, 0.
      expect(baseline.average(attack).accuracy).toBeCloseTo(4 / 15, 12);
      expect(report.improvement(attack)!.points).toBeCloseTo(20, 12);
      expect(baseline.improvement(attack)).toBeUndefined();
    }
    expect(report.data.samples).toEqual({
      ids: testSet.ids,
      labels,
      clean: [1, 1, 0, 0, 1],
      attacked: {
        a: { FGSM: [1, 0, 0, 0, null], 'PGD-20': [1, 0, 0, 0, null] },
        b: { FGSM: [1, 0, 0, 1, null], 'PGD-20': [1, 0, 0, 1, null] },
        both: { FGSM: [1, 0, 0, 1, null], 'PGD-20': [1, 0, 0, 1, null] },
      },
    });
  });

  it('skips samples that are wrong without an attack, which changes no result', async () => {
    const built = tinyModel();
    const classifier = classifierOf(built, { output: 0 });
    const testSet = tinySamples(23, { seed: 4 });
    const attack = (threatModel: ThreatModel) => pgd(threatModel, { steps: 3 });
    const attacked: number[] = [];
    const counting = (threatModel: ThreatModel): Attack => {
      const inner = attack(threatModel);
      return {
        ...inner,
        perturb: (c, inputs, y, options) => {
          attacked.push(y.shape[0]);
          return inner.perturb(c, inputs, y, options);
        },
      };
    };
    const report = await evaluateRobustness(classifier, testSet, {
      conditions: { both: budgets },
      attacks: { 'PGD-3': counting },
      batchSize: 4,
    });
    const right = Math.round(report.clean.accuracy * 23);
    expect(right).toBeGreaterThan(0);
    expect(right).toBeLessThan(23);
    expect(attacked.reduce((sum, rows) => sum + rows, 0)).toBe(right);

    const outcomes: number[] = [];
    for await (const { inputs, labels: y } of testSet.batches({ batchSize: 23 })) {
      const perturbed = await attack(budgets).perturb(classifier, inputs, y);
      const all = tf.tidy(() =>
        [classifier(inputs), classifier(perturbed)].map((l) => tf.argMax(l, 1).arraySync() as number[]),
      );
      const truth = y.arraySync();
      outcomes.push(...truth.map((label, i) => (all[0]![i] === label && all[1]![i] === label ? 1 : 0)));
      tf.dispose([inputs, y, perturbed]);
    }
    expect(report.robustOutcomes('both', 'PGD-3')).toEqual(outcomes);
  });

  it('evaluates the best point on the way on request, and the report says so', async () => {
    // Wrong only in a band, in which the third point lies and the last one doesn't.
    const band: Classifier = ({ a, b }) =>
      tf.tidy(() => {
        const outside = tf.sub(tf.abs(tf.add(a!, b!)), 0.15);
        return tf.stack([tf.neg(outside), outside], 1) as tf.Tensor2D;
      });
    const testSet = sumSamples([1, 1, 1, 3, -1], [1, 1, 1, 1, 1]);
    const options: EvaluationOptions = {
      conditions: { a: { a: { norm: 'linf', epsilon: 2, stepSize: 0.5 } } },
      attacks: { 'PGD-3': (threatModel) => pgd(threatModel, { steps: 3 }) },
      batchSize: 4,
    };
    const before = tf.memory().numTensors;
    const last = await evaluateRobustness(band, testSet, options);
    const best = await evaluateRobustness(band, testSet, { ...options, stopWhenFooled: true });
    expect(tf.memory().numTensors).toBe(before);
    expect(last.robustOutcomes('a', 'PGD-3')).toEqual([1, 1, 1, 1, 1]);
    expect(best.robustOutcomes('a', 'PGD-3')).toEqual([0, 0, 0, 1, 0]);
    expect('stopWhenFooled' in last.data.config).toBe(false);
    expect(best.data.config.stopWhenFooled).toBe(true);
    await expect(
      evaluateRobustness(band, testSet, { ...options, stopWhenFooled: true, baseline: last }),
    ).rejects.toThrow(/differs from this evaluation in stopWhenFooled/);
  });

  it('computes the branches that a condition does not change once for each batch', async () => {
    const built = tinyModel();
    const branch = built.layers.find(({ name }) => name.startsWith('flatten'))!;
    const passes: number[] = [];
    const call = branch.call.bind(branch);
    branch.call = (x, kwargs) => {
      passes.push([x].flat()[0]!.shape[0]!);
      return call(x, kwargs);
    };
    const report = await evaluateRobustness(classifierOf(built), tinySamples(8), {
      conditions: { rgb: { rgb: budgets.rgb } },
      batchSize: 8,
    });
    const right = report.data.samples.clean.filter((y, i) => y === report.data.samples.labels[i]).length;
    // After the checks: the clean batch, the branch, and the prediction after each of the two attacks.
    expect(passes.slice(-4)).toEqual([8, right, right, right]);
    // One pass for probabilities, and the cheap checks: clean, four for randomness, gradients, two with other inputs.
    expect(passes.length - 4).toBeLessThanOrEqual(10);
  });

  it('reports progress over all samples, stops at the signal, and leaks no tensor', async () => {
    const testSet = sumSamples(sums, labels);
    const progress: EvaluationProgress[] = [];
    await evaluateRobustness(sumClassifier(), testSet, {
      budgets: ab,
      batchSize: 2,
      onProgress: (p) => void progress.push(p),
    });
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    const reason = new Error('enough');
    await expect(
      evaluateRobustness(sumClassifier(), testSet, {
        budgets: ab,
        batchSize: 2,
        signal: stop.signal,
        onProgress: ({ done }) => (done > 12 ? stop.abort(reason) : undefined),
      }),
    ).rejects.toBe(reason);
    await evaluateRobustness(sumClassifier(), testSet, { budgets: ab });
    expect(tf.memory().numTensors).toBe(before);
    expect(progress).toHaveLength(3 * 3 * 2);
    expect(progress.at(-1)).toMatchObject({
      done: 30,
      total: 30,
      remaining: 0,
      condition: 'both',
      attack: 'PGD-20',
    });
  });

  it('takes a joint ball as a condition', async () => {
    const ball = jointBall('linf', 0.15, { a: {}, b: { scale: 4 } });
    const report = await evaluateRobustness(sumClassifier(), sumSamples(sums, labels), {
      conditions: { joint: ball },
    });
    expect(report.robust('joint', 'PGD-20').accuracy).toBe(2 / 5);
    expect(report.balance('PGD-20')).toBeUndefined();
    expect(report.data.config.conditions[0]).toMatchObject({
      joint: true,
      budgets: { b: { epsilon: 0.15, scale: 4 } },
    });
  });

  it.each<[string, Partial<EvaluationOptions>, RegExp]>([
    ['no budgets', {}, /either budgets/],
    ['budgets and conditions', { budgets: ab, conditions: { x: ab } }, /either budgets/],
    ['no condition', { conditions: {} }, /conditions: got none; expected one or more/],
    ['no attack', { budgets: ab, attacks: {} }, /attacks: got none; expected one or more/],
    [
      'an unknown modality',
      { budgets: { depth: ab.a } },
      /'depth' in the condition 'depth'; expected the data set's modalities \[a, b\]/,
    ],
    [
      'a negative epsilon',
      { budgets: { a: { norm: 'linf', epsilon: -1 } } },
      /\.a\.epsilon: got -1; expected a finite number that is 0 or more/,
    ],
    [
      'an inverted range',
      { budgets: { a: { ...ab.a, range: [1, 0] } } },
      /\.a\.range: got \[1, 0\]; expected \[smallest, largest\]/,
    ],
    [
      'an unknown option',
      { budgets: ab, batchsize: 2 } as never,
      /batchsize: got an unknown option; expected batchSize/,
    ],
    ['batchSize 0', { budgets: ab, batchSize: 0 }, /batchSize: got 0; expected/],
    ['a negative seed', { budgets: ab, seed: -1 }, /seed: got -1; expected/],
    ['a shard out of count', { budgets: ab, shard: { index: 2, count: 2 } }, /index 2 of count 2/],
    [
      'too many shards',
      { budgets: ab, shard: { index: 0, count: 2 } },
      /shard.count: got 2; expected at most 1/,
    ],
  ])('refuses %s before any work', async (_, options, message) => {
    let calls = 0;
    const classifier = (inputs: Modalities) => {
      calls++;
      return sumClassifier()(inputs);
    };
    await expect(evaluateRobustness(classifier, sumSamples(sums, labels), options)).rejects.toThrow(message);
    expect(calls).toBe(0);
  });

  it('refuses a limit for each sample, logits of another width, and an unfit baseline', async () => {
    const testSet = sumSamples(sums, labels);
    const epsilon = tf.tensor1d([1]);
    await expect(
      evaluateRobustness(sumClassifier(), testSet, { budgets: { a: { norm: 'linf', epsilon } } }),
    ).rejects.toThrow(/a.epsilon: got a value for each sample; expected one for all samples/);
    epsilon.dispose();
    const three = ({ a }: Modalities) => tf.stack([a!, a!, a!], 1) as tf.Tensor2D;
    await expect(evaluateRobustness(three, testSet, { budgets: ab })).rejects.toThrow(
      /shape \[5,3\] from the classifier; expected \[batch, 2\]/,
    );
    const baseline = await evaluateRobustness(sumClassifier(), sumSamples(sums.slice(1), labels.slice(1)), {
      budgets: ab,
    });
    await expect(evaluateRobustness(sumClassifier(), testSet, { budgets: ab, baseline })).rejects.toThrow(
      new TrainOptionError(
        'evaluateRobustness.baseline: got a report that differs from this evaluation in samples; expected the same ' +
          'samples, budgets and attacks.',
      ),
    );
    await expect(
      evaluateRobustness(sumClassifier(), testSet, {
        budgets: ab,
        baseline,
        batchSize: 2,
        shard: { index: 0, count: 2 },
      }),
    ).rejects.toThrow(/Give it to mergeReports/);
  });
});

describe('shards', () => {
  const classifier = classifierOf(tinyModel(), { output: 0 });
  const testSet = tinySamples(23, { seed: 4 });
  const options: EvaluationOptions = {
    budgets,
    batchSize: 4,
    seed: 7,
    attacks: { 'PGD-2': (threatModel) => pgd(threatModel, { steps: 2, randomStart: true }) },
    weightsOf: ({ rgb, skeleton }) => ({ rgb: tf.mean(rgb!, 1), skeleton: skeleton! }),
  };
  const part = (index: number, count: number, changes: Partial<EvaluationOptions> = {}) =>
    evaluateRobustness(classifier, testSet, { ...options, ...changes, shard: { index, count } });

  it('merged, equal the whole evaluation, also with random starts', async () => {
    const whole = await evaluateRobustness(classifier, testSet, options);
    const merged = mergeReports([await part(2, 3), await part(0, 3), await part(1, 3)], { baseline: whole });
    expect(merged.data.samples).toEqual(whole.data.samples);
    expect(merged.complete).toBe(true);
    expect(merged.improvement('PGD-2')!.points).toBe(0);
    for (const name of ['rgb', 'skeleton']) {
      expect(merged.weights!.clean[name]).toBeCloseTo(whole.weights!.clean[name]!, 12);
      expect(merged.weights!.attacked['both']!['PGD-2']![name]).toBeCloseTo(
        whole.weights!.attacked['both']!['PGD-2']![name]!,
        12,
      );
    }
    expect(mergeReports([whole]).data.samples).toEqual(whole.data.samples);
  });

  it('are refused when missing, given twice, or from other evaluations', async () => {
    const [a, b] = [await part(0, 3), await part(1, 3)];
    expect(a.complete).toBe(false);
    expect(() => mergeReports([])).toThrow(ReportError);
    expect(() => mergeReports([a, b])).toThrow('reports: shards 2 of 3 are missing');
    expect(() => mergeReports([a, b, a])).toThrow('reports: got shard 0 twice');
    expect(() =>
      mergeReports([a, RobustnessReport.fromJSON({ ...b.toJSON(), shards: [{ index: 1, count: 2 }] })]),
    ).toThrow(/got shard 1 of 2 among shards of 3/);
    const other = await part(2, 3, { seed: 8 });
    expect(() => mergeReports([a, b, other])).toThrow(
      /shard 2 was evaluated with other settings, seed: got 8; expected 7/,
    );
    const twin = RobustnessReport.fromJSON({ ...a.toJSON(), shards: [{ index: 2, count: 3 }] });
    expect(() => mergeReports([a, b, twin])).toThrow(/got sample s0 twice/);
  });
});

describe('checks', () => {
  const testSet = sumSamples(sums, labels);
  const evaluate = (options: Partial<EvaluationOptions>, classifier = sumClassifier()) =>
    evaluateRobustness(classifier, testSet, { budgets: ab, batchSize: 2, ...options });

  it('run on the widest condition and the last attack, on samples spread over the set', async () => {
    const reported: string[] = [];
    const report = await evaluate({
      checks: { samples: 3, onProgress: ({ finding }) => void reported.push(finding.check) },
    });
    const { findings, ...subject } = report.data.checks!;
    expect(subject).toEqual({ condition: 'both', attack: 'PGD-20', samples: 3 });
    expect(reported).toEqual(findings.map(({ check }) => check));
    expect(findings.filter(({ status }) => status === 'warning')).toEqual([]);
    // Rows 0, 1 and 3: sums 1, 0.1 and -0.3, of which the first is robust.
    const figures = (name: string) => findings.find(({ check }) => check === name)!.figures;
    expect(figures('attack')).toMatchObject({ samples: 3, correct: 3, robust: 1 });
    expect(report.data.samples).toEqual((await evaluate({})).data.samples);
    const byDefault = await evaluate({ checks: true });
    expect(byDefault.data.checks!.samples).toBe(2);
    expect(byDefault.data.checks!.findings.map(({ check }) => check)).toEqual(checkNames);
  });

  it('that are cheap run always, without the attack', async () => {
    const attack = vi.fn(pgd);
    const attacks = { mine: (model: ThreatModel) => attack(model) };
    const report = await evaluate({ attacks });
    const { findings } = report.data.checks!;
    expect(findings.map(({ check }) => check)).toEqual(cheapCheckNames);
    expect(findings.filter(({ status }) => status === 'warning')).toEqual([]);
    // Made for each of the three conditions; only the evaluation ran it.
    expect(attack).toHaveBeenCalledTimes(3);
    expect((await evaluate({ attacks, checks: false })).data.checks!.findings).toEqual(findings);
  });

  it('name a modality that the classifier ignores, above the figures of every output', async () => {
    const deaf: Classifier = ({ a, b }) =>
      tf.tidy(() => tf.stack([tf.neg(tf.add(tf.mul(a!, 1e-6), b!)), tf.add(tf.mul(a!, 1e-6), b!)], 1));
    const report = await evaluate({ batchSize: 5 }, deaf);
    expect(report.robust('a', 'PGD-20').accuracy).toBe(report.clean.accuracy);
    const sentence = "The classifier ignores 'a'.";
    const markdown = report.toMarkdown();
    expect(markdown.indexOf(sentence)).toBeGreaterThan(0);
    expect(markdown.indexOf(sentence)).toBeLessThan(markdown.indexOf('| no attack'));
    const html = (await report.toHTML()).replaceAll('&#39;', "'");
    expect(html.indexOf(sentence)).toBeGreaterThan(0);
    expect(html.indexOf(sentence)).toBeLessThan(html.indexOf('class="big"'));
    const text = compareReports({ deaf: report }).toText();
    expect(text.indexOf(sentence)).toBeGreaterThan(0);
    expect(text.indexOf(sentence)).toBeLessThan(text.indexOf('\nFGSM '));
    const json = JSON.stringify(report);
    expect(json.indexOf(sentence)).toBeLessThan(json.indexOf('"metrics"'));
  });

  it('run on the named condition and attack, and warn of a wrong attack', async () => {
    const random: typeof pgd = (model) => ({
      ...pgd(model),
      perturb: async (_, inputs) =>
        tf.tidy(() => ({ a: tf.add(inputs['a']!, 1), b: tf.add(inputs['b']!, 0) })),
    });
    const report = await evaluate({
      attacks: { mine: random, FGSM: (model) => pgd(model) },
      checks: { samples: 5, condition: 'a', attack: 'mine', checks: ['attack', 'probabilities'] },
    });
    expect(report.data.checks).toMatchObject({
      condition: 'a',
      attack: 'mine',
      samples: 5,
    });
    const findings = report.data.checks!.findings;
    expect(findings.map(({ check }) => check)).toEqual([...cheapCheckNames, 'attack']);
    expect(findings.at(-1)).toMatchObject({ status: 'warning', figures: { outside: 4 } });
    expect(report.toMarkdown()).toContain('**Warning, attack:**');
  });

  it('run in the first shard, and are the same when the shards are merged', async () => {
    const whole = await evaluate({ checks: { samples: 4 } });
    const parts = await Promise.all(
      [0, 1, 2].map((index) => evaluate({ checks: { samples: 4 }, shard: { index, count: 3 } })),
    );
    expect(parts.map(({ data }) => data.checks !== undefined)).toEqual([true, false, false]);
    const merged = mergeReports(parts.reverse());
    expect(merged.data.checks).toEqual(whole.data.checks);
  });

  it('stop with the evaluation, and leak no tensor', async () => {
    const before = tf.memory().numTensors;
    const stop = new AbortController();
    const reason = new Error('enough');
    const checks = { onProgress: () => stop.abort(reason) };
    await expect(evaluate({ checks, signal: stop.signal })).rejects.toBe(reason);
    await evaluate({ checks: true });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[string, EvaluationOptions['checks'], RegExp]>([
    ['no samples', { samples: 0 }, /^checks.samples: got 0; expected a whole number from 1/],
    [
      'an unknown condition',
      { condition: 'depth' },
      /^checks.condition: got 'depth'; expected one of a, b, both/,
    ],
    ['an unknown attack', { attack: 'CW' }, /^checks.attack: got 'CW'; expected one of FGSM, PGD-20/],
    ['an unknown option', { sample: 3 } as never, /^checks.sample: got an unknown option; expected samples/],
    [
      'an unknown check',
      { checks: ['colour' as never] },
      /^checks.checks: got 'colour'; expected one of clean-accuracy/,
    ],
  ])('refuse %s', async (_, checks, message) => {
    await expect(evaluate({ checks })).rejects.toThrow(message);
  });
});

describe('an evaluation', () => {
  const testSet = sumSamples(sums, labels);

  it('refuses probabilities before the first attack, unless they are allowed', async () => {
    const logits = sumClassifier();
    const softmax: Classifier = (inputs) => tf.tidy(() => tf.softmax(logits(inputs)));
    const attack = vi.fn(pgd);
    const attacks = { mine: (model: ThreatModel) => attack(model) };
    const before = tf.memory().numTensors;
    await expect(evaluateRobustness(softmax, testSet, { budgets: ab, attacks })).rejects.toThrow(
      /classifier: got outputs that are probabilities/,
    );
    expect(tf.memory().numTensors).toBe(before);
    const allowed = await evaluateRobustness(softmax, testSet, {
      budgets: ab,
      attacks,
      allowProbabilities: true,
    });
    expect(allowed.toMarkdown()).toContain('**Warning, probabilities:**');
  });

  it('predicts by the mean of several calls', async () => {
    let draw = 0;
    const logits = sumClassifier();
    const noisy: Classifier = (inputs) =>
      tf.tidy(() => {
        const clean = logits(inputs);
        return tf.add(clean, tf.randomNormal(clean.shape, 0, 0.3, 'float32', ++draw));
      });
    const many = sumSamples(Array(60).fill(0.2), Array(60).fill(1));
    const still = {
      budgets: { a: { norm: 'linf' as const, epsilon: 1e-4 }, b: { norm: 'linf' as const, epsilon: 1e-4 } },
    };
    const attacks = { FGSM: (model: ThreatModel) => pgd(model, { steps: 1 }) };
    const once = await evaluateRobustness(noisy, many, { ...still, attacks });
    const mean = await evaluateRobustness(noisy, many, { ...still, attacks, eotSamples: 50 });
    // A margin of 0.4 with a deviation of 0.42: one call is right with 0.83, one after another with 0.69; the mean always.
    expect(once.robust('both', 'FGSM').accuracy).toBeLessThan(0.85);
    expect(mean.robust('both', 'FGSM').accuracy).toBe(1);
    expect(() => once.improvement('FGSM', mean)).toThrow(/differ in eotSamples/);
    expect(mean.toJSON().checks!.findings.find(({ check }) => check === 'randomness')!.status).toBe(
      'warning',
    );
  });

  it('names the samples that were skipped, as their gradient is not finite', async () => {
    // The root of 0.1 - sum has no slope at the second sample.
    const kinked: Classifier = ({ a, b }) =>
      tf.tidy(() => {
        const sum = tf.add(a!, b!);
        const root = tf.sqrt(tf.abs(tf.sub(sum, sums[1]!)));
        return tf.stack([tf.neg(sum), tf.add(sum, tf.mul(root, 0.01))], 1);
      });
    const options = {
      budgets: ab,
      batchSize: 2,
      attacks: { FGSM: (model: ThreatModel) => pgd(model, { steps: 1 }) },
    };
    await expect(evaluateRobustness(kinked, testSet, options)).rejects.toThrow(/in sample 1 of the batch/);
    const skip = { ...options, onNonFinite: 'skip' as const };
    const report = await evaluateRobustness(kinked, testSet, skip);
    const id = testSet.ids[1]!;
    expect(report.data.skipped).toEqual({ a: { FGSM: [id] }, b: { FGSM: [id] }, both: { FGSM: [id] } });
    expect(report.toMarkdown()).toContain(
      `**Warning:** FGSM on a skipped 1 of ${sums.length} samples, as their gradient is not finite. They count as robust`,
    );
    const parts = await Promise.all(
      [0, 1].map((index) => evaluateRobustness(kinked, testSet, { ...skip, shard: { index, count: 2 } })),
    );
    expect(mergeReports(parts).data.skipped).toEqual(report.data.skipped);
    expect(RobustnessReport.fromJSON(JSON.stringify(report)).data.skipped).toEqual(report.data.skipped);
  });
});
