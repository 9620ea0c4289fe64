import { normal, values } from '@amr/testing/attacks/models';
import { reloaded } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { AttackInputError, AttackOptionsError, classifierOf, logitsOf, pgd } from '../../index.js';

type Symbol = tfl.SymbolicTensor;
type Activation = 'softmax' | 'linear' | 'sigmoid';

const seeded = (seed: number) => ({ kernelInitializer: tfl.initializers.glorotNormal({ seed }) });
const hidden = () =>
  tfl.layers.dense({ units: 6, activation: 'tanh', inputShape: [4], name: 'hidden', ...seeded(1) });
const dense = (activation: Activation, units = 3) =>
  tfl.layers.dense({ units, activation, name: 'predictions', ...seeded(2) });
const applied = (layer: { apply(x: Symbol): unknown }, x: Symbol) => layer.apply(x) as Symbol;

function functional(...layers: { apply(x: Symbol): unknown }[]): tfl.LayersModel {
  const x = tfl.input({ shape: [4], name: 'x' });
  return tfl.model({ inputs: x, outputs: layers.reduce((y, layer) => applied(layer, y), x) });
}
function sequential(...all: tfl.layers.Layer[]): tfl.Sequential {
  const model = tfl.sequential();
  for (const layer of all) model.add(layer);
  return model;
}

/** Three classes; the same weights each time, with the softmax at another place, and the name of what is removed. */
const models: { [name: string]: [make: () => tfl.LayersModel, removed: RegExp | string] } = {
  'the activation of a dense layer': [
    () => functional(hidden(), dense('softmax')),
    "softmax, the activation of Dense 'predictions'",
  ],
  'an Activation layer': [
    () =>
      functional(hidden(), dense('linear'), tfl.layers.activation({ activation: 'softmax', name: 'end' })),
    "softmax, Activation 'end'",
  ],
  'a Softmax layer': [
    () => functional(hidden(), dense('linear'), tfl.layers.softmax({ name: 'end' })),
    "Softmax 'end'",
  ],
  'a Sequential': [
    () => sequential(hidden(), dense('softmax')),
    "softmax, the activation of Dense 'predictions'",
  ],
  'a Sequential of one layer': [
    () =>
      sequential(
        tfl.layers.dense({ units: 3, activation: 'softmax', inputShape: [4], name: 'all', ...seeded(3) }),
      ),
    "softmax, the activation of Dense 'all'",
  ],
  'a Sequential of Sequentials': [
    // Teachable Machine's image model: features and classes, each a Sequential.
    () => {
      const features = sequential(
        sequential(hidden()),
        tfl.layers.dense({ units: 5, name: 'features', ...seeded(4) }),
      );
      const head = sequential(
        tfl.layers.dense({ units: 6, activation: 'relu', inputShape: [5], name: 'dense', ...seeded(5) }),
        dense('softmax'),
      );
      head.name = 'head';
      const model = tfl.sequential();
      model.add(features);
      model.add(head);
      return model;
    },
    "softmax, the activation of Dense 'head/predictions'",
  ],
  'a nested model with an Activation': [
    () => {
      const x = tfl.input({ shape: [6] });
      const y = applied(
        tfl.layers.activation({ activation: 'softmax', name: 'end' }),
        applied(dense('linear'), x),
      );
      return functional(hidden(), tfl.model({ inputs: x, outputs: y, name: 'head' }));
    },
    "softmax, Activation 'head/end'",
  ],
  'a convolution, flattened': [
    () => {
      const features = [tfl.layers.reshape({ targetShape: [1, 1, 4] })];
      const conv = tfl.layers.conv2d({
        filters: 3,
        kernelSize: 1,
        activation: 'softmax',
        name: 'conv',
        ...seeded(6),
      });
      return functional(...features, conv, tfl.layers.flatten(), tfl.layers.reshape({ targetShape: [3] }));
    },
    "softmax, the activation of Conv2D 'conv'",
  ],
  'dropout and a linear Activation behind it': [
    () =>
      functional(
        hidden(),
        dense('softmax'),
        tfl.layers.dropout({ rate: 0.5, name: 'drop' }),
        tfl.layers.activation({ activation: 'linear', name: 'same' }),
      ),
    "softmax, the activation of Dense 'predictions', and Dropout 'drop' behind it, and Activation 'same' behind it",
  ],
};

/** What a caller could notice of a model. */
const stateOf = (model: tfl.LayersModel) => ({
  layers: model.layers.map((layer) => [layer, layer.inboundNodes.length]),
  inputs: model.inputs,
  outputs: model.outputs,
  config: model.getConfig(),
});

const x = normal([5, 4], 7);

describe.each(Object.entries(models))('%s', (_, [make, removed]) => {
  it('is removed, with shared weights and the model left as it is', () => {
    const model = make();
    const state = stateOf(model);
    const before = tf.memory().numTensors;
    const { model: logits, removed: said } = logitsOf(model);
    expect(said).toBe(removed);
    expect(stateOf(model)).toEqual(state);
    expect(tf.memory().numTensors).toBe(before);
    const expected = values(model.predict(x) as tf.Tensor);
    const z = logits.predict(x) as tf.Tensor;
    // Sums of rounded exponentials: 1e-6 of values up to 1.
    for (const [i, p] of values(tf.softmax(z)).entries()) expect(p).toBeCloseTo(expected[i]!, 5);
    expect(values(tf.sum(z, 1)).some((sum) => Math.abs(sum - 1) > 0.01)).toBe(true);

    // The kernel of the last layer is the same variable.
    const kernel = model.weights.at(-2)!;
    expect(logits.weights.at(-2)).toBe(kernel);
    tf.tidy(() => void kernel.write(tf.zeros(kernel.shape as number[])));
    tf.tidy(() => void logits.weights.at(-1)!.write(tf.zeros([3])));
    for (const p of values(model.predict(x) as tf.Tensor)) expect(p).toBeCloseTo(1 / 3, 6);
  });

  it('is left out by classifierOf, before and after the first prediction, loaded and frozen', async () => {
    const model = make();
    const z = logitsOf(model).model.predict(x) as tf.Tensor;
    const classifier = classifierOf(model, { inputs: ['x'] });
    // The same operations in the same order.
    expect(values(classifier({ x }))).toEqual(values(z));
    const frozen = classifier.frozen!({ x }, ['x']);
    expect(values(frozen({ x }))).toEqual(values(z));
    frozen.dispose();
    model.predict(x);
    expect(values(classifierOf(model, { inputs: ['x'] })({ x }))).toEqual(values(z));
    const [name] = model.outputs.map(({ sourceLayer }) => sourceLayer.name);
    const seen = classifier.observe!({ x }, [name!]);
    expect(values(seen.values[name!]!)).toEqual(values(z));
    const loaded = await reloaded(model);
    expect(values(classifierOf(loaded, { inputs: ['x'] })({ x }))).toEqual(values(z));
  });

  /** What tfjs itself leaves behind of a model: the weights of a nested Sequential behind another. */
  const leftBehind = () => {
    const before = tf.memory().numTensors;
    make().dispose();
    return tf.memory().numTensors - before;
  };

  it.each(['the model first', 'the logits first'])(
    'frees the shared weights with the second: %s',
    (order) => {
      const before = leftBehind() + tf.memory().numTensors;
      const model = make();
      const { model: logits } = logitsOf(model);
      const [first, second] = order === 'the model first' ? [model, logits] : [logits, model];
      first!.dispose();
      tf.dispose(second!.predict(x));
      second!.dispose();
      expect(tf.memory().numTensors).toBe(before);
    },
  );

  it('can be disposed of after classifierOf', () => {
    const before = leftBehind() + tf.memory().numTensors;
    const model = make();
    tf.dispose(classifierOf(model, { inputs: ['x'] })({ x }));
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('attacks a model through its logits: the same points as on the model without the softmax', async () => {
  const attack = pgd({ x: { norm: 'linf', epsilon: 0.5 } }, { steps: 5 });
  const labels = tf.argMax(functional(hidden(), dense('linear')).predict(x) as tf.Tensor, 1) as tf.Tensor1D;
  const [soft, plain] = await Promise.all(
    (['softmax', 'linear'] as const).map((activation) =>
      attack.perturb(classifierOf(functional(hidden(), dense(activation))), { x }, labels),
    ),
  );
  expect(values(soft!.x!)).toEqual(values(plain!.x!));
});

describe('sigmoids', () => {
  it('turn one unit z into the two logits [0, z]', () => {
    const model = functional(hidden(), dense('sigmoid', 1));
    const z = values(functional(hidden(), dense('linear', 1)).predict(x) as tf.Tensor);
    const classifier = classifierOf(model);
    expect(values(classifier({ x }))).toEqual(z.flatMap((one) => [0, one]));
    const { model: logits, removed } = logitsOf(model);
    expect(removed).toBe("sigmoid, the activation of Dense 'predictions'");
    expect(logits.outputs[0]!.shape).toEqual([null, 2]);
    expect(values(logits.predict(x) as tf.Tensor)).toEqual(z.flatMap((one) => [0, one]));
    expect(logits.trainableWeights).toHaveLength(model.trainableWeights.length);

    const frozen = classifier.frozen!({ x }, ['x']);
    const seen = frozen.observe!({ x }, ['predictions']);
    for (const both of [frozen({ x }), seen.logits, seen.values.predictions!]) {
      expect(values(both)).toEqual(z.flatMap((one) => [0, one]));
    }
    const part = frozen.take!(tf.tensor1d([3], 'int32'));
    expect(values(part({ x: tf.slice(x, 3, 1) }))).toEqual([0, z[3]]);
    for (const one of [part, frozen]) one.dispose();
  });

  it('are an error if there are several, unless they are meant as answers', () => {
    const model = functional(hidden(), dense('sigmoid'));
    for (const make of [() => classifierOf(model), () => logitsOf(model)]) {
      expect(make).toThrow(AttackInputError);
      expect(make).toThrow(
        /^(classifierOf|logitsOf)\.model: got an output of 3 sigmoid units \(sigmoid, the activation of Dense 'predictions'\), which are several answers; .*multiLabel/,
      );
    }
    const z = values(functional(hidden(), dense('linear')).predict(x) as tf.Tensor);
    expect(values(classifierOf(model, { multiLabel: true })({ x }))).toEqual(z);
    expect(values(logitsOf(model, { multiLabel: true }).model.predict(x) as tf.Tensor)).toEqual(z);
    const single = functional(hidden(), dense('sigmoid', 1));
    expect(classifierOf(single, { multiLabel: true })({ x }).shape).toEqual([5, 1]);
  });

  it('have the same meaning as hard sigmoids and Activation layers', () => {
    const z = values(functional(hidden(), dense('linear', 1)).predict(x) as tf.Tensor);
    for (const activation of ['sigmoid', 'hardSigmoid'] as const) {
      const model = functional(hidden(), dense('linear', 1), tfl.layers.activation({ activation }));
      expect(values(classifierOf(model)({ x }))).toEqual(z.flatMap((one) => [0, one]));
    }
  });
});

describe('outputs that are left as they are', () => {
  const untouched: { [name: string]: () => tfl.LayersModel } = {
    logits: () => functional(hidden(), dense('linear')),
    'log-probabilities, which are logits': () =>
      functional(hidden(), dense('linear'), tfl.layers.activation({ activation: 'logSoftmax' as never })),
    'a softmax inside the model': () => functional(hidden(), tfl.layers.softmax({}), dense('linear')),
  };
  it.each(Object.entries(untouched))('%s', (_, make) => {
    const model = make();
    const expected = values(model.predict(x) as tf.Tensor);
    expect(values(classifierOf(model)({ x }))).toEqual(expected);
    const { model: same, removed } = logitsOf(model);
    expect(removed).toBe('');
    expect(values(same.predict(x) as tf.Tensor)).toEqual(expected);
  });

  it('averages of softmaxes are refused when they are attacked', async () => {
    const y = tfl.input({ shape: [4], name: 'x' });
    const both = ['a', 'b'].map((name) =>
      applied(tfl.layers.dense({ units: 3, activation: 'softmax', name }), y),
    );
    const model = tfl.model({ inputs: y, outputs: tfl.layers.average().apply(both) as Symbol });
    const attack = pgd({ x: { norm: 'linf', epsilon: 0.1 } }, { steps: 2 });
    const labels = tf.zeros([5], 'int32') as tf.Tensor1D;
    const classifier = classifierOf(model);
    await expect(attack.perturb(classifier, { x }, labels)).rejects.toThrow(
      /probabilities.*return their logarithm/,
    );
    await attack.perturb((inputs) => tf.log(classifier(inputs)), { x }, labels);
  });
});

it('keeps rows of positions apart, and refuses those that are flattened into one', () => {
  const positions = (...behind: { apply(x: Symbol): unknown }[]) =>
    functional(tfl.layers.reshape({ targetShape: [2, 2] }), dense('softmax'), ...behind);
  expect(values(classifierOf(positions())({ x }))).toEqual(
    values(functional(tfl.layers.reshape({ targetShape: [2, 2] }), dense('linear')).predict(x) as tf.Tensor),
  );
  expect(() => classifierOf(positions(tfl.layers.flatten()))).toThrow(/several softmaxes in one row/);
  const last = tfl.layers.softmax({ axis: -1 });
  const square = tfl.layers.reshape({ targetShape: [2, 2] });
  expect(classifierOf(functional(square, last))({ x }).shape).toEqual([5, 2, 2]);
});

it('replaces one of several outputs and finds it by name, in models that run as a whole, too', () => {
  const sequence = tfl.input({ shape: [4, 3], name: 'sequence' });
  const masked = applied(tfl.layers.masking({ maskValue: 0 }), sequence);
  const state = applied(
    tfl.layers.lstm({ units: 4, recurrentInitializer: 'glorotUniform', name: 'state' }),
    masked,
  );
  const classes = applied(tfl.layers.dense({ units: 3, activation: 'softmax', name: 'classes' }), state);
  // Depends on the probabilities, which therefore stay in the model.
  const other = applied(tfl.layers.dense({ units: 2, name: 'other' }), classes);
  const model = tfl.model({ inputs: sequence, outputs: [other, classes] });
  const frames = tf.tidy(() => tf.concat([normal([5, 2, 3], 1), tf.zeros([5, 2, 3])], 1));
  const [expectedOther, expected] = (model.predict(frames) as tf.Tensor[]).map(values);
  const classifier = classifierOf(model, { output: 'classes' });
  expect(classifier.frozen).toBeUndefined();
  const seen = classifier.observe!({ sequence: frames }, ['other', 'classes']);
  expect(values(seen.values.other!)).toEqual(expectedOther);
  for (const [i, p] of values(tf.softmax(seen.values.classes!)).entries())
    expect(p).toBeCloseTo(expected![i]!, 5);
  expect(values(seen.logits)).toEqual(values(seen.values.classes!));
  expect(values(logitsOf(model, { output: 1 }).model.predict(frames) as tf.Tensor)).toEqual(
    values(seen.logits),
  );
});

it('is left out of Sequentials that run as a whole: with masks, states and in training', () => {
  const build = (activation: Activation, stateful = false) => {
    const model = tfl.sequential();
    const first = { inputShape: [4, 3], batchInputShape: [5, 4, 3] };
    model.add(
      stateful ? tfl.layers.dense({ units: 3, ...first, ...seeded(1) }) : tfl.layers.masking({ ...first }),
    );
    const init = tfl.initializers.glorotNormal({ seed: 4 });
    model.add(
      tfl.layers.simpleRNN({
        units: 4,
        stateful,
        kernelInitializer: init,
        recurrentInitializer: init,
        name: 'rnn',
      }),
    );
    model.add(tfl.layers.dropout({ rate: 0 }));
    model.add(dense(activation));
    return model;
  };
  const frames = tf.tidy(() => tf.concat([normal([5, 2, 3], 1), tf.zeros([5, 2, 3])], 1));
  for (const [stateful, training] of [
    [false, false],
    [true, false],
    [false, true],
  ]) {
    const plain = build('linear', stateful).apply(frames, { training }) as tf.Tensor;
    for (const activation of ['softmax', 'linear'] as const) {
      const options = { inputs: ['x'], training: training! };
      const classifier = classifierOf(build(activation, stateful), options);
      expect(classifier.frozen).toBeUndefined();
      expect(values(classifier({ x: frames }))).toEqual(values(plain));
    }
  }
});

describe('first mistakes', () => {
  const model = functional(hidden(), dense('softmax'));
  it.each([
    [
      'a promise',
      Promise.resolve(model),
      /got a promise; expected a LayersModel, Sequential or GraphModel\. Await it/,
    ],
    ['undefined', undefined, /got undefined; .*await it/],
    ['a classifier', classifierOf(model), /is a classifier already/],
    ['an empty Sequential', tfl.sequential(), /got a Sequential without layers; .*inputShape/],
    ['a layer', hidden(), /expected a LayersModel, Sequential or GraphModel/],
  ])('have their own errors: %s', (_, given, message) => {
    for (const make of [classifierOf, logitsOf]) {
      expect(() => make(given as never)).toThrow(AttackInputError);
      expect(() => make(given as never)).toThrow(message);
    }
  });

  it('name the inputs when a bare tensor is given', () => {
    expect(() => classifierOf(model)(x as never)).toThrow(
      'inputs: got a tensor of shape [5, 4]; expected an object of tensors by modality name, { x: x }.',
    );
  });

  it('are refused as options', () => {
    expect(() => logitsOf(model, { outputs: 0 } as never)).toThrow(AttackOptionsError);
    expect(() => logitsOf(model, { output: 'logits' })).toThrow(
      "logitsOf.output: got 'logits'; expected an index from 0 to 0 or one of ['predictions'].",
    );
  });
});
