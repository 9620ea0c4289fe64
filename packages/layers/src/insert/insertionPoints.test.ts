import { reloaded } from '@amr/testing/networks/reloaded';
import { input, type LayersModel, layers, model, sequential } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { InsertionError } from '../errors.js';
import * as branches from './branches.fixture.js';
import { apply, clips, joined, predictions } from './branches.fixture.js';
import { insertAmr } from './insertAmr.js';
import { type InsertionPoint, insertionPoints } from './insertionPoints.js';

/** 'layer type shape' of each point. */
const summary = (points: readonly InsertionPoint[]) =>
  points.map(({ layer, type, shape }) => `${layer} ${type} [${shape.map(String)}]`);

/** One input, split into two streams inside a Sequential. */
function sequentialOfStreams(): LayersModel {
  const x = input({ shape: [4], name: 'x' });
  const streams = ['left', 'right'].map((name) => apply(layers.dense({ units: 3, name }), x));
  const streamed = model({ inputs: x, outputs: apply(layers.concatenate({ name: 'both' }), ...streams) });
  const all = sequential();
  all.add(streamed);
  all.add(layers.dense({ units: 2, name: 'classes' }));
  return all;
}

/** Branches whose layers have the same names, which can't stand in one model. */
function namesakes(): LayersModel {
  const inputs = ['a', 'b'].map((name) => input({ shape: [4], name }));
  const encoders = inputs.map((_, i) => {
    const encoder = sequential({ name: `encoder${i}` });
    encoder.add(layers.dense({ units: 3, inputShape: [4], name: 'dense' }));
    encoder.add(layers.dense({ units: 3, name: 'last' }));
    return encoder;
  });
  return model({ inputs, outputs: joined(...inputs.map((x, i) => apply(encoders[i]!, x))) });
}

const models: [string, () => LayersModel][] = [
  ['flat branches', branches.flat],
  ['nested branches', branches.nested],
  ['masks', branches.masked],
  ['shared layers', branches.shared],
  ['several outputs', branches.auxiliary],
  ['layers with several outputs', branches.states],
  ['masks inside a nested model', branches.maskedInside],
  ['models in models', branches.deep],
  ['layers of the same name', namesakes],
];

describe('insertionPoints', () => {
  it('lists the layers of each branch in their order, with their types and shapes', () => {
    const { rgb, skeleton } = insertionPoints(branches.flat());
    const flatten = rgb!.at(-1)!.layer;
    const pooled = skeleton!.at(-1)!.layer;
    expect(summary(rgb!)).toEqual([
      'rgb InputLayer [null,6,6,2]',
      'rgbConv1 Conv2D [null,4,4,4]',
      'rgbNorm BatchNormalization [null,4,4,4]',
      'rgbConv2 Conv2D [null,2,2,5]',
      `${flatten} Flatten [null,20]`,
    ]);
    expect(summary(skeleton!)).toEqual([
      'skeleton InputLayer [null,8,3]',
      'skeletonConv1 Conv1D [null,6,3]',
      'skeletonConv2 Conv1D [null,4,6]',
      `${pooled} GlobalAveragePooling1D [null,6]`,
    ]);
  });

  it('opens nested models, and numbers the uses of shared layers and the outputs of layers with several', () => {
    expect(insertionPoints(branches.nested()).rgb!.map(({ layer }) => layer)).toEqual([
      'rgb',
      'rgbBranch/rgbConv',
      'rgbBranch/relu',
      'rgbBranch/flat',
    ]);
    const { left, right } = insertionPoints(branches.shared());
    for (const [use, points] of [left!, right!].entries()) {
      expect(points.map(({ layer, use }) => [layer, use])).toEqual([
        [['left', 'right'][use], undefined],
        ['both', use],
        ['encoder/hidden', use],
        [points.at(-1)!.layer, use],
      ]);
    }
    const { heard } = insertionPoints(branches.states());
    expect(heard!.filter(({ layer }) => layer === 'lstm').map(({ output }) => output)).toEqual([0, 1, 2]);
  });

  it.each(models)('gives insertAmr points that change no prediction: %s', async (name, build) => {
    // tfjs doesn't load weights of the same name.
    const theirs = name === 'layers of the same name' ? build() : await reloaded(build());
    const xs = clips(theirs);
    const before = predictions(theirs, xs);
    const lists = Object.values(insertionPoints(theirs));
    expect(lists.length).toBe(theirs.inputs.length);
    // Each point of a branch with the first and the last of the other one.
    for (const [a, b] of [lists, lists.toReversed()]) {
      for (const point of a!) {
        for (const other of [b![0]!, b!.at(-1)!]) {
          expect(predictions(insertAmr(theirs, { at: [point, other], seed: 1 }), xs)).toEqual(before);
        }
      }
    }
  });

  it('leaves models closed whose layers have the names of others', () => {
    expect(insertionPoints(namesakes())).toMatchObject({
      a: [{ layer: 'a' }, { layer: 'encoder0/dense' }, { layer: 'encoder0/last' }],
      b: [{ layer: 'b' }, { layer: 'encoder1' }],
    });
  });

  it('and insertAmr take a Sequential before its first prediction', () => {
    const theirs = sequentialOfStreams();
    const { x } = insertionPoints(theirs);
    expect(x!.map(({ layer }) => layer.slice(layer.lastIndexOf('/') + 1))).toEqual([
      'x',
      'left',
      'right',
      'both',
    ]);
    const at = x!.filter(({ layer }) => /left|right/.test(layer));
    const ours = insertAmr(theirs, { at, seed: 1 });
    expect(ours.outputNames).toEqual(['classes']);
    const xs = clips(theirs);
    expect(predictions(ours, xs)).toEqual(predictions(theirs, xs));
  });

  it('leaves out integers, unknown channels, and layers behind which nothing follows', () => {
    const words = input({ shape: [7], dtype: 'int32', name: 'words' });
    const open = input({ shape: [null, null], name: 'open' } as never);
    const embedded = apply(layers.embedding({ inputDim: 5, outputDim: 3, name: 'embedded' }), words);
    const pooled = apply(layers.globalAveragePooling1d({ name: 'pooled' }), embedded);
    const points = insertionPoints(model({ inputs: [words, open], outputs: [pooled, open] }));
    expect(points.words!.map(({ layer }) => layer)).toEqual(['embedded']);
    expect(points.open).toEqual([]);
  });
});

describe('what has no layers to insert behind', () => {
  const graph = { inputs: [], outputs: [], execute() {}, executeAsync() {} };
  it.each([
    ['a GraphModel', graph, /got a GraphModel; .*weights are constants.*tfjs_layers_model/],
    ['a promise', Promise.resolve(branches.flat()), /got a promise; .*Await it/],
    ['undefined', undefined, /got undefined; expected a LayersModel/],
    ['an empty Sequential', sequential(), /got a Sequential without layers; .*inputShape/],
  ])('is refused: %s', (_, given, message) => {
    for (const run of [insertionPoints, (one: LayersModel) => insertAmr(one, { at: ['a', 'b'] })]) {
      expect(() => run(given as never)).toThrow(InsertionError);
      expect(() => run(given as never)).toThrow(message);
    }
  });
});
