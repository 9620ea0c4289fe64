import { reloaded } from '@amr/testing/networks/reloaded';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { EncoderConfigError } from '../errors.js';
import * as encoders from '../index.js';

const adjacency = [[[1, 0], [0, 1]]]; // biome-ignore format: a matrix
const shape = [2, 4, 2, 8];
const clip = [4, 6, 6, 8];
const presence = [2];

/** Each layer of the package: its required options, and the shapes of its inputs without the batch axis. */
const cases: [layer: LayerName, config: object, ...inputs: number[][]][] = [
  ['AdaptiveGraphConvolution', { filters: 4, adjacency }, shape],
  ['BatchNorm', {}, shape],
  ['BodyConv2D', { filters: 4 }, shape],
  ['BodyMask', {}, shape, presence],
  ['BodyMaxPool', {}, shape],
  ['BodyMean', {}, shape, presence],
  ['BodyPool', {}, shape, presence],
  ['BodyPresence', {}, shape],
  ['BoneVectors', { parents: [0, 0] }, shape],
  ['ChannelConcat', {}, shape, shape],
  ['ChannelNormalization', { mean: [0], std: [1] }, shape],
  ['ChannelTopologyGraphConvolution', { filters: 4, adjacency }, shape],
  ['DepthwiseConv3D', { kernelSize: [3, 3, 3] }, clip],
  ['GlobalAverage', {}, shape],
  ['GraphConvolution', { filters: 4, adjacency }, shape],
  ['JointsAsChannels', {}, shape],
  ['Motion', {}, shape],
  ['PaddedConv3D', { filters: 4, kernelSize: [3, 3, 3] }, clip],
  ['PaddedMaxPool3D', {}, clip],
  ['RootCentering', {}, shape],
  ['SeededDropout', { rate: 0.5 }, shape],
  ['SequenceConvolution', { filters: 4 }, [10, 6]],
  ['SqueezeExcitation', {}, shape],
  ['TemporalConvolution', { filters: 4 }, shape],
  ['TemporalMaxPool', {}, shape],
];

type LayerName = {
  [name in keyof typeof encoders]: (typeof encoders)[name] extends { className: string } ? name : never;
}[keyof typeof encoders];
const exported: { readonly [name: string]: unknown } = { ...encoders };
type AnyLayer = new (config: object) => layers.Layer;

describe.each(cases)('%s', (name, config, ...inputs) => {
  const Layer = exported[name] as AnyLayer;

  it('refuses an unknown option, also one without a value, and a config that is not an object', () => {
    expect(() => new Layer({ ...config, colour: undefined })).toThrow(EncoderConfigError);
    expect(() => new Layer({ ...config, trainble: false })).toThrow(
      `${name}.trainble: got an unknown option; expected trainable. Rename it.`,
    );
    expect(() => new Layer(null as never)).toThrow(new RegExp(`^${name}: got null; expected an object`));
  });

  it('takes the options of tfjs layers, and the config that tfjs gives it on loading', async () => {
    const given = { ...config, name: 'tested', trainable: false, dtype: 'float32' };
    const tensors = inputs.map((one) => input({ shape: one }));
    const layer = new Layer(given);
    const outputs = layer.apply(tensors.length > 1 ? tensors : tensors[0]!) as SymbolicTensor;
    const loaded = (await reloaded(model({ inputs: tensors, outputs }))).getLayer('tested');
    expect(loaded).toBeInstanceOf(Layer);
    expect(loaded.getConfig()).toEqual(layer.getConfig());
    expect(() => new Layer({ ...layer.getConfig(), customObjects: {} } as object)).not.toThrow();
  });
});

it('has a case for each layer', () => {
  const names = Object.entries(exported).flatMap(([name, one]) =>
    typeof one === 'function' && one.prototype instanceof layers.Layer && name !== 'GraphLayer' ? [name] : [],
  );
  expect(cases.map(([name]) => name)).toEqual(names.sort());
});
