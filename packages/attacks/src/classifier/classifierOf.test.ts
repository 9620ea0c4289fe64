import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { AttackInputError, AttackOptionsError, classifierOf, type Modalities, pgd } from '../index.js';

type Symbol = tfl.SymbolicTensor;

/** Two branches, joined by concatenation; batch normalisation and dropout in the branches; two heads. */
function twoBranches(): tfl.LayersModel {
  const rgb = tfl.input({ shape: [6, 6, 3], name: 'rgb' });
  const skeleton = tfl.input({ shape: [5, 3], name: 'skeleton' });
  let a = tfl.layers.conv2d({ filters: 4, kernelSize: 3, activation: 'relu' }).apply(rgb) as Symbol;
  a = tfl.layers.batchNormalization({}).apply(a) as Symbol;
  a = tfl.layers.globalAveragePooling2d({}).apply(a) as Symbol;
  let b = tfl.layers.dense({ units: 7, activation: 'tanh' }).apply(skeleton) as Symbol;
  b = tfl.layers.dropout({ rate: 0.5 }).apply(tfl.layers.flatten().apply(b)) as Symbol;
  const joined = tfl.layers.concatenate().apply([a, b]) as Symbol;
  const logits = tfl.layers.dense({ units: 3, name: 'logits' }).apply(joined) as Symbol;
  const rgbLogits = tfl.layers.dense({ units: 3, name: 'rgbLogits' }).apply(a) as Symbol;
  return tfl.model({ inputs: [rgb, skeleton], outputs: [logits, rgbLogits] });
}

/** The model above inside another, used twice there with one layer shared. */
function nested(): tfl.LayersModel {
  const inner = twoBranches();
  const rgb = tfl.input({ shape: [6, 6, 3], name: 'rgb' });
  const first = tfl.input({ shape: [5, 3], name: 'first' });
  const second = tfl.input({ shape: [5, 3], name: 'second' });
  const encoder = tfl.sequential({ layers: [tfl.layers.dense({ units: 3, inputShape: [5, 3] })] });
  const one = inner.apply([rgb, encoder.apply(first) as Symbol]) as Symbol[];
  const two = inner.apply([rgb, encoder.apply(second) as Symbol]) as Symbol[];
  const sum = tfl.layers.add().apply([one[0]!, two[0]!, two[1]!]) as Symbol;
  return tfl.model({ inputs: [rgb, first, second], outputs: sum });
}

const models = { twoBranches, nested };

function inputsOf(model: tfl.LayersModel, rows = 4): Modalities {
  return Object.fromEntries(
    model.inputs.map((input, i) => [
      model.inputNames[i]!,
      tf.randomNormal([rows, ...(input.shape.slice(1) as number[])], 0, 1, 'float32', i + 1),
    ]),
  );
}

/** A name with the numbers that tfjs adds to those it makes up: 'model/flatten' for 'model_3/flatten_Flatten7'. */
function realName(model: tfl.LayersModel, pattern: string): string {
  const [outer, inner] = pattern.split('/') as [string, string?];
  const layer = model.layers.find(({ name }) => new RegExp(`^${outer}(_|$|[A-Z0-9])`).test(name))!;
  return inner ? `${layer.name}/${realName(layer as tfl.LayersModel, inner)}` : layer.name;
}

const values = (x: tf.Tensor) => Array.from(x.dataSync());

describe('classifierOf', () => {
  it.each([['twoBranches' as const], ['nested' as const]])(
    'computes the same logits as the model: %s',
    (name) => {
      const model = models[name]();
      const inputs = inputsOf(model);
      const expected = [model.apply(Object.values(inputs), { training: false })].flat()[0] as tf.Tensor;
      const before = tf.memory().numTensors;
      const logits = classifierOf(model)(inputs);
      expect(values(logits)).toEqual(values(expected));
      expect(tf.memory().numTensors - before).toBe(1);
    },
  );

  it.each([
    ['twoBranches' as const, ['rgb']],
    ['twoBranches' as const, ['skeleton']],
    ['twoBranches' as const, []],
    ['twoBranches' as const, ['rgb', 'skeleton']],
    ['nested' as const, ['rgb']],
    ['nested' as const, ['rgb', 'first']],
    ['nested' as const, ['second']],
  ])('frozen gives the same logits and gradients: %s, %j', (name, still) => {
    const model = models[name]();
    const classifier = classifierOf(model);
    const clean = inputsOf(model);
    const before = tf.memory().numTensors;
    const frozen = classifier.frozen!(clean, still);
    const moving = model.inputNames.filter((name) => !still.includes(name));
    const moved = { ...clean };
    for (const name of moving) moved[name] = tf.mul(clean[name]!, 0.7);

    const logits = frozen(moved);
    expect(values(logits)).toEqual(values(classifier(moved)));
    if (moving.length > 0) {
      const gradients = (f: typeof classifier) =>
        tf.grads((...xs) =>
          tf.sum(tf.square(f({ ...moved, ...Object.fromEntries(moving.map((name, i) => [name, xs[i]!])) }))),
        )(moving.map((name) => moved[name]!));
      const got = gradients(frozen);
      for (const [i, gradient] of gradients(classifier).entries()) {
        expect(values(got[i]!)).toEqual(values(gradient));
        expect(values(gradient).some((entry) => entry !== 0)).toBe(true);
        tf.dispose([gradient, got[i]!]);
      }
    }
    frozen.dispose();
    frozen.dispose();
    expect(() => frozen(moved)).toThrow(AttackInputError);
    // What remains: the moved inputs, the logits, and one unheld result of the plain classifier.
    expect(tf.memory().numTensors - before).toBe(moving.length + 2);
  });

  it('frozen keeps the values that it was made with, for layers that depend only on them', () => {
    const model = twoBranches();
    const calls: string[] = [];
    for (const layer of model.layers) {
      const call = layer.call.bind(layer);
      layer.call = (inputs, kwargs) => {
        calls.push(layer.getClassName());
        return call(inputs, kwargs);
      };
    }
    const clean = inputsOf(model);
    const frozen = classifierOf(model).frozen!(clean, ['rgb']);
    expect(calls).toEqual(['Conv2D', 'BatchNormalization', 'GlobalAveragePooling2D']);
    calls.length = 0;
    const expected = values(frozen(clean));
    expect(calls).toEqual(['Dense', 'Flatten', 'Dropout', 'Concatenate', 'Dense']);
    expect(values(frozen({ ...clean, rgb: tf.zerosLike(clean.rgb!) }))).toEqual(expected);
    expect(values(frozen({ skeleton: clean.skeleton! }))).toEqual(expected);
  });

  it('is used by attacks: the frozen branch runs once for any number of steps', async () => {
    const model = twoBranches();
    let runs = 0;
    const conv = model.layers.find((layer) => layer.getClassName() === 'Conv2D')!;
    const call = conv.call.bind(conv);
    conv.call = (inputs, kwargs) => {
      runs++;
      return call(inputs, kwargs);
    };
    const clean = inputsOf(model);
    const labels = tf.tensor1d([0, 1, 2, 0], 'int32');
    const classifier = classifierOf(model);
    const attack = pgd({ skeleton: { norm: 'l2', epsilon: 0.5 } }, { steps: 5 });
    const quick = await attack.perturb(classifier, clean, labels);
    expect(runs).toBe(1);
    const slow = await attack.perturb((inputs) => classifier(inputs), clean, labels);
    expect(runs).toBe(6);
    expect(values(quick.skeleton!)).toEqual(values(slow.skeleton!));
    expect(values(quick.rgb!)).toEqual(values(clean.rgb!));
  });

  it('picks outputs by position and name, and renames inputs', () => {
    const model = twoBranches();
    const clean = inputsOf(model);
    const [, second] = model.apply([clean.rgb!, clean.skeleton!], { training: false }) as tf.Tensor[];
    const { rgb: video, skeleton: pose } = clean as { rgb: tf.Tensor; skeleton: tf.Tensor };
    const inputs = ['video', 'pose'];
    for (const output of [1, 'rgbLogits']) {
      expect(values(classifierOf(model, { inputs, output })({ pose, video }))).toEqual(values(second!));
    }
    // The head on rgb alone doesn't need the skeleton, but the model's inputs are what the model says.
    expect(() => classifierOf(model, { output: 'rgbLogits' })({ rgb: video })).toThrow(/skeleton/);
  });

  it('runs the whole model where its graph can not be cut: masks, states, training', () => {
    const x = tfl.input({ batchShape: [1, 4, 3], name: 'x' });
    const y = tfl.input({ batchShape: [1, 2], name: 'y' });
    const build = (sequence: Symbol, stateful = false) => {
      const lstm = tfl.layers.lstm({ units: 4, stateful, recurrentInitializer: 'glorotUniform' });
      const joined = tfl.layers.concatenate().apply([lstm.apply(sequence) as Symbol, y]) as Symbol;
      return tfl.model({ inputs: [x, y], outputs: tfl.layers.dense({ units: 2 }).apply(joined) as Symbol });
    };
    const masked = build(tfl.layers.masking({ maskValue: 0 }).apply(x) as Symbol);
    const input = tf.tidy(() => tf.concat([tf.ones([1, 2, 3]), tf.zeros([1, 2, 3])], 1));
    const inputs = { x: input, y: tf.ones([1, 2]) };
    expect(classifierOf(masked).frozen).toBeUndefined();
    expect(values(classifierOf(masked)(inputs))).toEqual(
      values(masked.apply([inputs.x, inputs.y]) as tf.Tensor),
    );

    expect(classifierOf(build(x, true)).frozen).toBeUndefined();
    expect(classifierOf(build(x)).frozen).toBeDefined();
    expect(classifierOf(build(x), { training: true }).frozen).toBeUndefined();
  });

  it.each([
    ['twoBranches' as const, ['rgbLogits', 'logits'], ['logits', 'rgbLogits']],
    ['nested' as const, [], ['model', 'model/rgbLogits', 'sequential', 'model/logits']],
  ])('observes outputs and layers by name, all from one pass: %s', (build, outputs, patterns) => {
    const model = models[build]();
    const classifier = classifierOf(model);
    const inputs = inputsOf(model);
    const names = patterns.map((pattern) => realName(model, pattern));
    const before = tf.memory().numTensors;
    const seen = classifier.observe!(inputs, names);
    expect(tf.memory().numTensors - before).toBe(new Set([seen.logits, ...Object.values(seen.values)]).size);
    expect(Object.keys(seen.values)).toEqual(names);
    expect(values(seen.logits)).toEqual(values(classifier(inputs)));
    for (const name of outputs) {
      const all = model.apply(Object.values(inputs), { training: false }) as tf.Tensor[];
      expect(values(seen.values[name]!)).toEqual(values(all[model.outputNames.indexOf(name)]!));
    }
    if (build === 'nested') {
      // The inner model is used twice; its names stand for the first use.
      const inner = model.layers.find((layer) => layer.name === names[0]) as tfl.LayersModel;
      const encoder = model.layers.find((layer) => layer.name === names[2]) as tfl.LayersModel;
      const first = encoder.apply(inputs.first!) as tf.Tensor;
      const [logits, rgbLogits] = inner.apply([inputs.rgb!, first], { training: false }) as tf.Tensor[];
      for (const [i, expected] of [logits!, rgbLogits!, first, logits!].entries()) {
        expect(values(seen.values[names[i]!]!)).toEqual(values(expected));
      }
    }
  });

  it.each([
    ['twoBranches' as const, ['rgb'], ['rgbLogits', 'conv2d', 'flatten']],
    ['twoBranches' as const, ['skeleton'], ['rgbLogits', 'conv2d', 'flatten']],
    ['nested' as const, ['rgb', 'first'], ['model/conv2d', 'sequential', 'model/rgbLogits']],
  ])('observes the same when frozen, with the same gradients: %s, %j', (build, still, patterns) => {
    const model = models[build]();
    const classifier = classifierOf(model);
    const clean = inputsOf(model);
    const names = patterns.map((pattern) => realName(model, pattern));
    const moving = model.inputNames.filter((name) => !still.includes(name));
    const moved: Modalities = { ...clean };
    for (const name of moving) moved[name] = tf.mul(clean[name]!, 0.7);
    const before = tf.memory().numTensors;
    const frozen = classifier.frozen!(clean, still);
    // Twice: what the first call has prepared serves the second.
    for (const asked of [names, names.slice(0, 1), names]) {
      const [got, expected] = [frozen.observe!(moved, asked), classifier.observe!(moved, asked)];
      expect(values(got.logits)).toEqual(values(expected.logits));
      for (const name of asked) expect(values(got.values[name]!)).toEqual(values(expected.values[name]!));
      tf.dispose([got.logits, got.values, expected.logits, expected.values]);
    }
    const gradients = (f: typeof classifier) =>
      tf.grads((...xs) => {
        const point = { ...moved, ...Object.fromEntries(moving.map((name, i) => [name, xs[i]!])) };
        const { logits, values: seen } = f.observe!(point, names);
        const parts = [logits, ...names.map((name) => seen[name]!)];
        return tf.addN(parts.map((part) => tf.sum(tf.square(part))));
      })(moving.map((name) => moved[name]!));
    const got = gradients(frozen);
    for (const [i, gradient] of gradients(classifier).entries()) {
      expect(values(got[i]!)).toEqual(values(gradient));
      tf.dispose([gradient, got[i]!]);
    }
    expect(() => frozen.observe!(moved, ['nothing'])).toThrow(AttackInputError);
    frozen.dispose();
    // A name that was not asked for before: nothing may be computed, and kept, for it any more.
    expect(() => frozen.observe!(moved, ['logits'])).toThrow(
      /got a frozen classifier that has been disposed of/,
    );
    expect(() => frozen.observe!(moved, names)).toThrow(/got a frozen classifier that has been disposed of/);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('observes only outputs with training and masks', () => {
    const model = twoBranches();
    const inputs = inputsOf(model);
    const trained = classifierOf(model, { training: true });
    expect(trained.observe!(inputs, ['rgbLogits']).values.rgbLogits!.shape).toEqual([4, 3]);
    expect(() => trained.observe!(inputs, [realName(model, 'conv2d')])).toThrow(AttackInputError);
    expect(() => trained.observe!(inputs, ['weights'])).toThrow(
      /got 'weights'; expected one of the outputs \['logits', 'rgbLogits'\]/,
    );

    // The logits see no mask, but the other output does: it would be computed wrongly if layers were called one by one.
    const x = tfl.input({ shape: [4, 3], name: 'x' });
    const masked = tfl.layers.masking({ maskValue: 0 }).apply(x) as Symbol;
    const other = tfl.layers
      .lstm({ units: 2, name: 'other', recurrentInitializer: 'glorotUniform' })
      .apply(masked) as Symbol;
    const logits = tfl.layers.dense({ units: 2 }).apply(tfl.layers.flatten().apply(x)) as Symbol;
    const half = classifierOf(tfl.model({ inputs: x, outputs: [logits, other] }));
    expect(half.frozen).toBeDefined();
    expect(() => half.observe!({ x: tf.ones([1, 4, 3]) }, ['other'])).toThrow(/masks or states/);
    const whole = classifierOf(tfl.model({ inputs: x, outputs: [logits, other] }), { output: 'other' });
    const input = tf.tidy(() => tf.concat([tf.ones([1, 2, 3]), tf.zeros([1, 2, 3])], 1));
    const seen = whole.observe!({ x: input }, ['other']);
    expect(values(seen.values.other!)).toEqual(values(whole({ x: input })));
  });

  it('lists the outputs and layers when a loss needs something else', () => {
    const observe = classifierOf(twoBranches()).observe!;
    const model = twoBranches();
    expect(() => observe(inputsOf(model), ['features'])).toThrow(AttackInputError);
    expect(() => observe(inputsOf(model), ['features'])).toThrow(
      /^The inner value that the loss needs: got 'features'; expected an output of the model, \['logits', 'rgbLogits'\], or a layer, \[.*conv2d.*\]\.$/,
    );
  });

  it('refuses names, outputs and options that are not valid', () => {
    const model = twoBranches();
    expect(() => classifierOf(model, { inputs: ['rgb'] })).toThrow(AttackOptionsError);
    expect(() => classifierOf(model, { inputs: ['rgb', 'rgb'] })).toThrow(
      /^classifierOf\.inputs: got \['rgb', 'rgb'\]; expected a different name for each/,
    );
    expect(() => classifierOf(model, { output: 2 })).toThrow(/^classifierOf\.output: got 2; .*from 0 to 1/);
    expect(() => classifierOf(model, { output: 'weights' })).toThrow(/'logits', 'rgbLogits'/);
    expect(() => classifierOf(model, { outputs: 0 } as never)).toThrow(
      /^classifierOf\.outputs: .*; expected (output|inputs)\. Rename it\.$/,
    );
  });
});
