import { AttentionModalityReweighter, ConcatFusion, FusionLayer, type FusionRole } from '@amr/layers';
import { perturbWeights, reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, type Shape } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import type { Encoder } from '../encoder.js';
import { stgcn } from '../networks/skeleton/stgcn.js';
import { resnet3d } from '../networks/video/resnet3d.js';
import { type MultiStreamConfig, multiStream } from './multiStream.js';

const graph = { joints: 3, edges: [[0, 1], [1, 2]] as [number, number][], center: 1 }; // biome-ignore format: bones
const video = (name: string, seed: number) =>
  resnet3d({
    inputShape: [2, 8, 8, 1],
    width: 4,
    blocks: [1, 1],
    strides: [[1, 1, 1], [1, 2, 2]], // biome-ignore format: one per stage
    stem: 'r3d',
    stemKernel: [1, 3, 3],
    seed,
    name,
  });
const streams = () => ({
  infrared: video('infrared', 1),
  depth: video('depth', 2),
  skeleton: stgcn({
    frames: 4,
    persons: 1,
    layout: graph,
    width: 4,
    blocks: [1, 1],
    temporalKernel: 3,
    seed: 3,
  }),
});
const build = (config: Partial<MultiStreamConfig> = {}) =>
  multiStream({ streams: streams(), classes: 3, seed: 4, ...config });
const clips = (batch = 2) => [
  tf.randomUniform([batch, 2, 8, 8, 1], 0, 1, 'float32', 1),
  tf.randomUniform([batch, 2, 8, 8, 1], 0, 1, 'float32', 2),
  tf.randomNormal([batch, 1, 4, 3, 3], 0, 1, 'float32', 3),
];
const predict = (model: LayersModel, x: tf.Tensor[]) => model.predict(x) as tf.Tensor[];
const numbers = (tensor: tf.Tensor) => [...tensor.dataSync()];

/** A fusion that a user writes: the mean of the modalities' logits, or of the first channels of the features. */
class Own extends FusionLayer {
  static readonly className = 'OwnFusion';
  readonly #role: FusionRole;
  constructor(role: FusionRole) {
    super({ name: 'own' });
    this.#role = role;
  }
  get role(): FusionRole {
    return this.#role;
  }
  override computeOutputShape(shapes: Shape[]): Shape {
    return [shapes[0]![0]!, 3];
  }
  override multiplyAdds(): number {
    return 0;
  }
  protected override fuse(features: tf.Tensor[]): tf.Tensor {
    const first = features.map((x) => tf.slice(x, [0, 0], [-1, 3]));
    return tf.div(tf.addN(first), features.length);
  }
}

describe('multiStream', () => {
  it('has an input, an auxiliary head and a weight for each of three streams', () => {
    const model = build({ at: [1, 'last', 'features'], returnWeights: true, returnFeatures: true });
    expect(model.inputNames).toEqual(['infrared', 'depth', 'skeleton']);
    expect(model.outputNames).toEqual([
      ...['logits', 'infraredLogits', 'depthLogits', 'skeletonLogits'],
      ...['reweighter1', 'reweighter2', 'reweighter3'],
      ...['infraredPooled', 'depthPooled', 'skeletonPooled'],
    ]);
    for (const batch of [1, 3]) {
      const outputs = predict(model, clips(batch));
      expect(outputs.map(({ shape }) => shape)).toEqual(
        [3, 3, 3, 3, 3, 3, 3, 8, 8, 8].map((columns) => [batch, columns]),
      );
      for (const weights of outputs.slice(4, 7)) {
        for (const weight of numbers(weights)) expect(weight).toBeCloseTo(1 / 3, 6);
      }
    }
  });

  it.each(['last', 'features', [1, 'last', 'features']] as const)(
    'starts as the same network as without reweighting: at %j',
    (at) => {
      const x = clips();
      const plain = predict(build({ fusion: 'concat' }), x);
      for (const [i, output] of predict(build({ at }), x).entries()) {
        expect(numbers(output)).toEqual(numbers(plain[i]!));
      }
    },
  );

  it.each([
    ['amr', 'exchange', [3]],
    ['mmtm', 'exchange', [24]],
    ['memory', 'exchange', []],
    ['concat', 'fuse', []],
    ['sum', 'fuse', []],
    ['gmu', 'fuse', [24]],
    ['attention', 'fuse', [3, 3]],
    ['odd-one-out', 'fuse', [4]],
    ['orthogonal', 'classify', [3, 3]],
    ['late', 'late', []],
  ] as const)(
    'takes the fusion %s by name, of role %s, and loads it again',
    async (fusion, role, weights) => {
      const model = build({ fusion, returnWeights: true });
      const x = clips(3);
      const outputs = predict(model, x);
      expect(
        model.layers.filter((layer) => layer instanceof FusionLayer && layer.role === role),
      ).toHaveLength(1);
      expect(outputs.map(({ shape }) => shape)).toEqual([
        ...[1, 2, 3, 4].map(() => [3, 3]),
        ...(weights.length > 0 ? [[3, ...weights]] : []),
      ]);
      expect(model.outputNames[0]).toBe('logits');
      expect(predict(await reloaded(model), x).map(numbers)).toEqual(outputs.map(numbers));
    },
  );

  it('projects before it sums when the widths differ', () => {
    const { infrared, skeleton } = streams();
    const wide = stgcn({ frames: 4, persons: 1, layout: graph, width: 12, blocks: [1], name: 'wide' });
    const model = multiStream({ streams: { infrared, skeleton, wide }, classes: 3, fusion: 'sum' });
    expect(model.getLayer('fusion').outputShape).toEqual([null, 12]);
    const [video, , bodies] = clips() as [tf.Tensor, tf.Tensor, tf.Tensor];
    expect(predict(model, [video, bodies, bodies])[0]!.shape).toEqual([2, 3]);
  });

  it('takes a layer, and a function that makes one for each fusion point', () => {
    const x = clips();
    const [named, layer] = [
      build({ fusion: 'concat' }),
      build({ fusion: new ConcatFusion({ name: 'mine' }) }),
    ];
    expect(numbers(predict(layer, x)[0]!)).toEqual(numbers(predict(named, x)[0]!));
    expect(layer.getLayer('mine')).toBeInstanceOf(ConcatFusion);

    const seen: string[] = [];
    const model = build({
      at: [1, 'last'],
      fusion: ({ name, seed, channels }) => {
        seen.push(`${name} ${channels}`);
        return new AttentionModalityReweighter({ granularity: 'channel', name, seed });
      },
    });
    expect(seen).toEqual(['fusion1 8,8,8', 'fusion2 8,8,8']);
    expect(model.getLayer('fusion2')).toBeInstanceOf(AttentionModalityReweighter);
  });

  it('gives a late fusion the auxiliary logits, and one that classifies the pooled features', () => {
    const x = clips();
    const late = predict(build({ fusion: new Own('late') }), x);
    const auxiliary = [1, 2, 3].map((i) => late[i]!);
    const mean = numbers(tf.div(tf.addN(auxiliary), 3)).map((value) => expect.closeTo(value, 6));
    expect(numbers(late[0]!)).toEqual(mean);

    const classified = build({ fusion: new Own('classify'), returnFeatures: true });
    expect(classified.outputNames[0]).toBe('logits');
    const outputs = predict(classified, x);
    const features = outputs.slice(4).map((pooled) => tf.slice(pooled, [0, 0], [-1, 3]));
    const expected = numbers(tf.div(tf.addN(features), 3)).map((value) => expect.closeTo(value, 6));
    expect(numbers(outputs[0]!)).toEqual(expected);
  });

  it('saves, loads, and gives the same outputs; its gradients are those of finite differences', async () => {
    const model = build({ at: [1, 'features'], returnWeights: true, returnFeatures: true });
    perturbWeights(model);
    const x = clips();
    const copy = await reloaded(model);
    expect(predict(copy, x).map(numbers)).toEqual(predict(model, x).map(numbers));
    const logits = (...given: tf.Tensor[]) => (model.apply(given) as tf.Tensor[])[0]!;
    expectGradientsOfDifferences(logits, x, { step: 2e-3, tolerance: 0.05 });
  });

  it('refuses other configs, and says how to fix them', () => {
    expect(() => build({ streams: { depth: video('depth', 1) } })).toThrow(
      /^multiStream\.streams: got \['depth'\]; expected two or more/,
    );
    expect(() => build({ streams: { a: video('video', 1), b: video('video', 2) } })).toThrow(
      /same names \(video\).*name: 'depth'/,
    );
    expect(() => build({ at: { infrared: 1, depth: 1, skeleton: 1, sound: 1 } })).toThrow(
      /^multiStream\.at\.sound: got an unknown option; .*infrared, depth/,
    );
    expect(() => build({ at: [] })).toThrow(/^multiStream\.at: got \[\]; expected one fusion point/);
    expect(() => build({ at: ['features', 'last'] })).toThrow(
      /^multiStream\.at\[1\]: got infraredStage2 after infraredFeatures for infrared/,
    );
    expect(() => build({ fusion: 'concat', at: 1 })).toThrow(
      /^multiStream\.at: got 1; .*ConcatFusion, which takes the pooled features\. Leave/,
    );
    expect(() => build({ fusion: new AttentionModalityReweighter(), at: [1, 2] })).toThrow(
      /^multiStream\.fusion: got one fusion layer for 2/,
    );
    expect(() => build({ fusion: new Own('late'), dropout: 0.5 })).toThrow(
      /^multiStream\.dropout: got 0\.5; expected 0 for OwnFusion, which makes the logits itself/,
    );
    expect(() => build({ fusion: 'mmtm', reweighter: { temperature: 2 } })).toThrow(
      /^multiStream\.reweighter: got .*another fusion than 'amr'\. Leave it out/,
    );
    expect(() => build({ fusion: new Own('classify'), classes: 4 })).toThrow(
      /^multiStream\.fusion: got logits \[batch, 3\] from OwnFusion; expected \[batch, 4\]/,
    );
    const other = layers.concatenate() as unknown as FusionLayer;
    expect(() => build({ fusion: () => other })).toThrow(
      /^multiStream\.fusion: got Concatenate without one of the roles exchange, fuse/,
    );
    expect(() => build({ fusion: 'toString' as 'amr' })).toThrow(
      /^multiStream\.fusion: got 'toString'; expected one of amr, mmtm/,
    );
    expect(() => build({ streams: { a: video('a', 1), b: {} as Encoder } })).toThrow(
      /^multiStream\.streams\.b: got .*; expected an encoder/,
    );
    expect(() => build({ dropOut: 0.5 } as object)).toThrow(
      'multiStream.dropOut: got an unknown option; expected dropout. Rename it.',
    );
  });
});
