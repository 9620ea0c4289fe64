import { reloaded } from '@amr/testing/networks/reloaded';
import * as tf from '@tensorflow/tfjs-core';
import {
  input,
  type LayersModel,
  layers,
  model,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { InsertionError } from '../errors.js';
import {
  apply,
  auxiliary,
  clips,
  deep,
  flat,
  inheriting,
  joined,
  masked,
  maskedInside,
  nested,
  predictions,
  shared,
  states,
} from './branches.fixture.js';
import { type InsertAmrConfig, insertAmr } from './insertAmr.js';

const cases: [string, () => LayersModel, InsertAmrConfig][] = [
  ['flat branches', flat, { at: ['rgbConv1', 'skeletonConv1'] }],
  ['the order of at', flat, { at: ['skeletonConv2', 'rgbConv2'] }],
  [
    'several places',
    flat,
    {
      at: [
        ['rgbNorm', 'skeletonConv1'],
        ['rgbConv2', 'skeletonConv2'],
      ],
    },
  ],
  ['channels', flat, { at: ['rgbConv2', 'skeletonConv2'], granularity: 'channel', reductionRatio: 2 }],
  ['inputs', flat, { at: ['rgb', 'skeleton'] }],
  ['nested branches', nested, { at: ['rgbBranch/rgbConv', 'skeletonBranch/skeletonConv'] }],
  ['layers in nested models by their name alone', nested, { at: ['rgbConv', 'skeletonConv'] }],
  ['one nested branch and the input of another', nested, { at: ['rgbBranch/relu', 'skeleton'] }],
  ['the input of a nested model', nested, { at: ['rgbBranch/inner', 'skeletonConv'] }],
  ['behind nested models', nested, { at: ['rgbBranch', 'skeletonBranch'] }],
  ['masks', masked, { at: ['features', 'states'] }],
  ['masks, in the other order', masked, { at: ['states', 'features'] }],
  [
    'uses of a layer',
    shared,
    {
      at: [
        { layer: 'both', use: 0 },
        { layer: 'both', use: 1 },
      ],
    },
  ],
  [
    'uses of a nested model',
    shared,
    {
      at: [
        { layer: 'hidden', use: 1 },
        { layer: 'encoder/hidden', use: 0 },
      ],
    },
  ],
  ['several outputs', auxiliary, { at: ['x', 'y'] }],
  ['one of several outputs of a layer', states, { at: [{ layer: 'lstm', output: 0 }, 'conv'] }],
  ['a state of a layer', states, { at: [{ layer: 'lstm', output: 1 }, 'conv'] }],
  ['masks inside nested models', maskedInside, { at: ['branch/inside', 'first'] }],
  ['masks inside a model that is not opened', maskedInside, { at: ['branch', 'first'] }],
  [
    'masks inside nested models, and a place behind them',
    maskedInside,
    {
      at: [
        ['branch/inside', 'first'],
        ['outside', 'second'],
      ],
    },
  ],
  ['the masks of other branches', () => inheriting(false), { at: ['first', 'second'] }],
  ['the masks of other branches, in the other order', () => inheriting(false), { at: ['second', 'first'] }],
  [
    'the masks of other branches in a nested model',
    () => inheriting(true),
    { at: ['branch/first', 'second'] },
  ],
  ['the masks of other branches, after all of them', () => inheriting(false), { at: ['whole', 'second'] }],
  [
    'models in models',
    deep,
    {
      at: ['first/outer/inner/deepest', 'plain'].map((layer) =>
        layer === 'plain' ? layer : { layer, use: 0 },
      ),
    },
  ],
];

describe('insertAmr', () => {
  it.each(cases)('changes no prediction, trains its weights and is saved: %s', async (_, build, config) => {
    for (const source of ['built', 'loaded']) {
      const old = source === 'built' ? build() : await reloaded(build());
      const xs = clips(old);
      const before = predictions(old, xs);
      const tensors = tf.memory().numTensors;
      const plugged = insertAmr(old, { seed: 1, ...config });
      const count = Array.isArray(config.at[0]) ? config.at.length : 1;
      const added = config.granularity === 'channel' ? 4 : 4 * count;
      expect(tf.memory().numTensors).toBe(tensors + added);
      expect(plugged.inputNames).toEqual(old.inputNames);
      expect(plugged.outputNames).toEqual(old.outputNames);
      expect(new Set(plugged.layers.map(({ name }) => name)).size).toBe(plugged.layers.length);
      expect(plugged.weights.length).toBe(old.weights.length + added);
      expect(predictions(plugged, xs)).toEqual(before);
      expect(predictions(old, xs)).toEqual(before);

      const learned = plugged.weights.filter(({ name }) => name.includes('reweighter'));
      const starts = learned.map((weight) => [...weight.read().dataSync()]);
      const optimizer = tf.train.sgd(0.5);
      for (let step = 0; step < 2; step++) {
        optimizer.minimize(() => {
          const [logits] = [plugged.apply(xs, { training: true })].flat() as tf.Tensor[];
          return tf.mean(tf.squaredDifference(logits!, [1, 0, -1])) as tf.Scalar;
        });
      }
      expect(learned.map((weight) => [...weight.read().dataSync()])).not.toEqual(starts);
      const trained = predictions(plugged, xs);
      expect(trained[0]).not.toEqual(before[0]);
      expect(predictions(await reloaded(plugged), xs)).toEqual(trained);
    }
  });

  it('shares the weights with the old model, and reweights in the new one only', () => {
    const old = flat();
    const plugged = insertAmr(old, { at: ['rgbConv1', 'skeletonConv1'] });
    const kernel = old.getLayer('rgbConv1').getWeights()[0]!;
    expect(plugged.getLayer('rgbConv1')).toBe(old.getLayer('rgbConv1'));
    expect([...plugged.getLayer('rgbConv1').getWeights()[0]!.dataSync()]).toEqual([...kernel.dataSync()]);
    const xs = clips(old);
    const before = predictions(old, xs);
    const [hidden, bias, , attention] = plugged.getLayer('reweighter').getWeights();
    plugged
      .getLayer('reweighter')
      .setWeights([hidden!, bias!, tf.zeros([hidden!.shape[1]!, 2]), tf.tensor1d([5, -5])]);
    expect(attention!.shape).toEqual([2]);
    expect(predictions(old, xs)).toEqual(before);
    expect(predictions(plugged, xs)).not.toEqual(before);
  });

  it('appends the weights of each place to the outputs', () => {
    const old = auxiliary();
    const plugged = insertAmr(old, {
      at: [
        ['left', 'right'],
        ['x', 'y'],
      ],
      returnWeights: true,
    });
    expect(plugged.outputNames).toEqual([...old.outputNames, 'reweighter1', 'reweighter2']);
    const xs = clips(old);
    expect(predictions(plugged, xs).slice(-2)).toEqual([
      [0.5, 0.5, 0.5, 0.5],
      [0.5, 0.5, 0.5, 0.5],
    ]);
  });

  it('reweights what follows a named layer, but not an output of the model that is its output', () => {
    const plugged = insertAmr(auxiliary(), { at: ['x', 'y'] });
    const xs = clips(plugged);
    const before = predictions(plugged, xs);
    const [hidden, bias] = plugged.getLayer('reweighter').getWeights();
    const kernel = tf.zeros([hidden!.shape[1]!, 2]);
    plugged.getLayer('reweighter').setWeights([hidden!, bias!, kernel, tf.tensor1d([5, -5])]);
    const after = predictions(plugged, xs);
    expect(after.map((one, i) => one.every((value, j) => value === before[i]![j]))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it('can be inserted again, and finds a free name', () => {
    const once = insertAmr(flat(), { at: ['rgbConv1', 'skeletonConv1'] });
    const twice = insertAmr(once, { at: ['rgbConv2', 'skeletonConv2'] });
    const xs = clips(twice);
    expect(
      twice.layers.filter((layer) => layer.getClassName() === 'AttentionModalityReweighter').length,
    ).toBe(2);
    expect(predictions(twice, xs)).toEqual(predictions(once, xs));
    const behind = insertAmr(once, {
      at: [0, 1].map((output) => ({ layer: 'reweighter', output })),
      name: 'again',
    });
    expect(predictions(behind, xs)).toEqual(predictions(once, xs));
  });

  it('takes its initial values from the seed, not from Math.random', () => {
    const start = () => [
      ...insertAmr(flat(), { at: ['rgbConv1', 'skeletonConv1'], seed: 7 })
        .getLayer('reweighter')
        .getWeights()[0]!
        .dataSync(),
    ];
    expect(start()).toEqual(start());
  });

  it("keeps the model's name and metadata, and is not compiled", () => {
    const old = flat();
    old.setUserDefinedMetadata({ classes: ['a', 'b', 'c'] });
    old.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const plugged = insertAmr(old, { at: ['rgbConv1', 'skeletonConv1'] });
    expect(plugged.name).toBe('flat');
    expect(plugged.getUserDefinedMetadata()).toEqual({ classes: ['a', 'b', 'c'] });
    expect(() => plugged.evaluate(clips(plugged), tf.zeros([2, 3]))).toThrow(/compile/);
  });

  it.each([
    ['new', 'old'],
    ['old', 'new'],
  ])('frees shared weights when both models are disposed of: the %s model, then the %s one', (first) => {
    // tfjs itself never frees a layer or nested model that one model uses twice.
    for (const [, build, config] of cases.filter(([, one]) => one !== shared && one !== deep)) {
      const tensors = tf.memory().numTensors;
      const old = build();
      const plugged = insertAmr(old, config);
      const xs = tf.tidy(() => clips(old));
      const before = predictions(old, xs);
      const [gone, kept] = first === 'new' ? [plugged, old] : [old, plugged];
      gone.dispose();
      expect(predictions(kept, xs)).toEqual(before);
      kept.dispose();
      tf.dispose(xs);
      expect(tf.memory().numTensors).toBe(tensors);
    }
  });
});

describe('insertAmr refuses', () => {
  const refusal = (build: () => LayersModel, at: unknown, more: object = {}): string => {
    try {
      insertAmr(build(), { at, ...more } as InsertAmrConfig);
    } catch (error) {
      expect(error).toBeInstanceOf(InsertionError);
      return (error as Error).message;
    }
    throw new Error('nothing was refused');
  };

  it.each<[string, () => LayersModel, unknown, RegExp]>([
    [
      'an unknown layer',
      flat,
      ['rgbconv1', 'skeletonConv1'],
      /^insertAmr\.at: got 'rgbconv1'.*perhaps 'rgbConv1', 'rgbConv2'/,
    ],
    [
      'an unknown path',
      nested,
      ['rgbBranch/skeletonConv', 'skeleton'],
      /perhaps .*'skeletonBranch\/skeletonConv'/,
    ],
    [
      'a name of several layers',
      nested,
      ['relu', 'skeleton'],
      /several.*'rgbBranch\/relu', 'skeletonBranch\/relu'/,
    ],
    [
      'layers on one path',
      flat,
      ['rgbConv1', 'rgbConv2'],
      /'rgbConv1' and 'rgbConv2', which lie on one path/,
    ],
    ['a layer twice', flat, ['rgbConv1', 'rgbConv1'], /one path/],
    [
      'places out of order',
      flat,
      [
        ['rgbConv2', 'skeletonConv2'],
        ['rgbConv1', 'skeletonConv1'],
      ],
      /\['rgbConv1', 'skeletonConv1'\] behind.*from the first/,
    ],
    ['one layer', flat, ['rgbConv1'], /two or more layers/],
    ['none', flat, [], /two or more layers/],
    ['lists among names', flat, ['rgbConv1', ['skeletonConv1']], /two or more layers/],
    ['an output', flat, ['logits', 'rgb'], /'logits', behind which nothing follows/],
    [
      'a shared layer',
      shared,
      ['both', 'hidden'],
      /2 use\(s\).*use: 0 }: 0, behind 'left'; 1, behind 'right'/,
    ],
    ['a use that is not there', shared, [{ layer: 'both', use: 2 }, 'left'], /2 use\(s\)/],
    ['several outputs', states, ['lstm', 'conv'], /3 output\(s\).*{ layer: 'lstm', output: 0 }/],
    ['an output that is not there', states, [{ layer: 'lstm', output: 3 }, 'conv'], /3 output\(s\)/],
  ])('%s', (_, build, at, message) => {
    expect(refusal(build, at)).toMatch(message);
  });

  it('features that do not fit together', () => {
    const two =
      (shapes: [number, number], batches: (number | null)[], dtype: 'float32' | 'int32' = 'float32') =>
      () => {
        const inputs = shapes.map((size, i) =>
          input({ batchShape: [batches[i]!, size], name: `input${i}`, dtype }),
        );
        return model({ inputs, outputs: inputs.map((one) => apply(layers.reLU(), one)) });
      };
    expect(refusal(two([2, 3], [4, 5]), ['input0', 'input1'])).toMatch(
      /got \[4, 2\] and \[5, 3\].*same batch size/,
    );
    expect(refusal(two([2, 3], [null, null], 'int32'), ['input0', 'input1'])).toMatch(/output is int32/);
    const open = () => {
      const inputs = [
        input({ shape: [null, null] as never, name: 'open' }),
        input({ shape: [4, 2], name: 'other' }),
      ];
      const pooled = inputs.map((one) => apply(layers.reshape({ targetShape: [8] }), one));
      return model({ inputs, outputs: joined(...pooled) });
    };
    expect(refusal(open, ['open', 'other'])).toMatch(/known number of channels/);
  });

  it('a layer of a nested model on which nothing outside depends', () => {
    const build = () => {
      const x = input({ shape: [4] });
      const hidden = apply(layers.dense({ units: 3, name: 'hidden' }), x);
      const [used, unused] = ['used', 'unused'].map((name) =>
        apply(layers.dense({ units: 2, name }), hidden),
      );
      const more = apply(layers.dense({ units: 2, name: 'more' }), unused!);
      const branch = model({ inputs: x, outputs: [used!, more], name: 'branch' });
      const [a, b] = [input({ shape: [4], name: 'left' }), input({ shape: [2], name: 'right' })];
      const [first] = branch.apply(a) as SymbolicTensor[];
      return model({ inputs: [a, b], outputs: joined(first!, b) });
    };
    expect(refusal(build, ['branch/unused', 'right'])).toMatch(/on which no output of the model depends/);
    expect(refusal(build, [{ layer: 'branch', output: 1 }, 'right'])).toMatch(/nothing follows/);
  });

  it('names that are taken', () => {
    expect(refusal(flat, ['rgbConv1', 'skeletonConv1'], { name: 'rgbNorm' })).toMatch(
      /^insertAmr\.name: got 'rgbNorm', but the model has a layer 'rgbNorm'/,
    );
    const build = () => {
      const branches = ['one', 'two'].map((name) => {
        const branch = sequential({ name });
        branch.add(layers.dense({ units: 2, inputShape: [3], name: 'dense' }));
        branch.add(layers.reLU());
        return branch;
      });
      const inputs = [input({ shape: [3], name: 'left' }), input({ shape: [3], name: 'right' })];
      return model({ inputs, outputs: joined(...branches.map((branch, i) => apply(branch, inputs[i]!))) });
    };
    expect(refusal(build, ['one/dense', 'two/dense'])).toMatch(
      /'one\/dense' and 'two\/dense'.*names of their own/,
    );
  });

  it('a model that is not a LayersModel', () => {
    expect(() => insertAmr({} as LayersModel, { at: ['a', 'b'] })).toThrow(InsertionError);
  });

  it('options and references with unknown keys', () => {
    expect(refusal(flat, ['rgbConv1', 'skeletonConv1'], { temprature: 2 })).toMatch(
      /^insertAmr\.temprature: got an unknown option; expected temperature/,
    );
    expect(refusal(flat, [{ layer: 'rgbConv1', ouput: 0 }, 'skeletonConv1'])).toMatch(
      /^insertAmr\.at\.ouput: got an unknown option; expected output/,
    );
    expect(() => insertAmr(flat(), undefined as never)).toThrow(
      /^insertAmr: got undefined; expected an object/,
    );
  });
});
