import { readFileSync } from 'node:fs';
import { FormatError, readSafetensors, type SafetensorsEntry, writeSafetensors } from '@amr/formats';
import { reloaded } from '@amr/testing/networks/reloaded';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { beforeEach, describe, expect, it } from 'vitest';
import { singleStream } from '../fusion/singleStream.js';
import { twoStream } from '../fusion/twoStream.js';
import { stgcn } from '../networks/skeleton/stgcn.js';
import { r3d } from '../networks/video/resnet3d.js';
import { importTorchWeights } from './importTorchWeights.js';
import { TorchImportError, type TorchImportReport } from './torchImportReport.js';

const bytes = (file: string) =>
  new Uint8Array(readFileSync(new URL(`../../test-data/${file}`, import.meta.url)));
const edges: [number, number][] = [[0, 1], [1, 2], [1, 3], [3, 4]]; // biome-ignore format: a line of pairs

/** The networks of test-data/importTorchWeights.py. */
const smallR3d = (name = 'rgb') => r3d({ inputShape: [2, 12, 12, 3], width: 4, blocks: [2, 1], name });
const smallStgcn = (center = 1) =>
  stgcn({ frames: 8, width: 4, blocks: [2, 1], layout: { joints: 5, edges, center }, normalize: 'none' });
const classifier = (encoder = smallR3d()) => singleStream(encoder, { classes: 5 });

/** The file of the small R3D with some tensors replaced; undefined removes one. */
function altered(changes: { [name: string]: SafetensorsEntry | undefined }): Uint8Array {
  const { tensors } = readSafetensors(bytes('importR3d.safetensors'));
  for (const [name, entry] of Object.entries(changes)) {
    if (entry) tensors.set(name, entry);
    else tensors.delete(name);
  }
  return writeSafetensors({ tensors, metadata: {} });
}
const floats = (...values: number[]): SafetensorsEntry => ({
  dtype: 'F32',
  shape: [values.length],
  bytes: new Uint8Array(Float32Array.from(values).buffer),
});
/** The file with other names. */
function renamed(name: (old: string) => string): Uint8Array {
  const { tensors } = readSafetensors(bytes('importR3d.safetensors'));
  return writeSafetensors({
    tensors: new Map([...tensors].map(([old, entry]) => [name(old), entry])),
    metadata: {},
  });
}

const valuesOf = (of: LayersModel) => of.weights.map((weight) => [...weight.read().dataSync()]);
const biasOf = (of: LayersModel, layer: string) => [...of.getLayer(layer).getWeights().at(-1)!.dataSync()];

/** Expects the import to fail with this message and to leave the model unchanged. */
async function expectRefused(
  of: LayersModel,
  file: Uint8Array,
  message: RegExp,
  options: Parameters<typeof importTorchWeights>[2] = {},
): Promise<TorchImportReport | undefined> {
  const before = valuesOf(of);
  const tensors = tf.memory().numTensors;
  const error = await importTorchWeights(of, file, options).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TorchImportError);
  expect((error as Error).message).toMatch(message);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(valuesOf(of)).toEqual(before);
  return (error as TorchImportError).report;
}

describe('importTorchWeights', () => {
  describe.each(['pth', 'npz', 'safetensors'] as const)('from .%s', (kind) => {
    it('gives R3D the outputs and input gradients of PyTorch', async () => {
      const report = await expectTorchGolden(classifier(), 'importR3d', 1e-4, kind);
      expect(report).toMatchObject({
        names: 'torchvision',
        encoder: 'rgb',
        missing: [],
        unexpected: [],
        mismatched: [],
      });
    });

    it('gives ST-GCN the outputs and input gradients of PyTorch', async () => {
      const report = await expectTorchGolden(classifier(smallStgcn()), 'importStgcn', 1e-4, kind);
      expect(report).toMatchObject({
        names: 'pyskl',
        encoder: 'skeleton',
        missing: [],
        unexpected: [],
        mismatched: [],
      });
    });
  });

  it("knows tfjs's own layers", async () => {
    const golden: {
      [layer: string]: { inputShape: number[]; input: number[]; outputShape: number[]; output: number[] };
    } = JSON.parse(new TextDecoder().decode(bytes('importBuiltIn.json')));
    const built: { [name: string]: SymbolicTensor } = {};
    const inputs: SymbolicTensor[] = [];
    const add = (name: string, layer: layers.Layer) => {
      const x = input({ shape: golden[name]!.inputShape.slice(1) });
      inputs.push(x);
      built[name] = layer.apply(x) as SymbolicTensor;
    };
    add('dense', layers.dense({ units: 4, name: 'dense' }));
    add('conv1d', layers.conv1d({ filters: 3, kernelSize: 2, name: 'conv1d' }));
    add('conv2d', layers.conv2d({ filters: 3, kernelSize: [2, 1], name: 'conv2d' }));
    add('conv3d', layers.conv3d({ filters: 3, kernelSize: [1, 2, 3], useBias: false, name: 'conv3d' }));
    add('transposed', layers.conv2dTranspose({ filters: 3, kernelSize: [2, 3], name: 'transposed' }));
    add('depthwise', layers.depthwiseConv2d({ depthMultiplier: 3, kernelSize: [2, 3], name: 'depthwise' }));
    add('batchNorm', layers.batchNormalization({ epsilon: 1e-5, name: 'batchNorm' }));
    add('layerNorm', layers.layerNormalization({ epsilon: 1e-5, name: 'layerNorm' }));
    add('embedding', layers.embedding({ inputDim: 5, outputDim: 3, name: 'embedding' }));
    const all = model({ inputs, outputs: Object.values(built) });

    const names = Object.fromEntries(Object.keys(golden).map((name) => [name, name]));
    const report = await importTorchWeights(all, bytes('importBuiltIn.npz'), { names });
    expect(report).toMatchObject({ names: 'given', missing: [], unexpected: [] });
    tf.tidy(() => {
      const found = all.predict(
        Object.values(golden).map((one) => tf.tensor(one.input, one.inputShape)),
      ) as tf.Tensor[];
      for (const [i, [name, { output, outputShape }]] of Object.entries(golden).entries()) {
        expect([name, found[i]!.shape]).toEqual([name, outputShape]);
        const largest = tf.max(tf.abs(tf.sub(found[i]!, tf.tensor(output, outputShape)))).dataSync()[0];
        expect(largest, name).toBeLessThan(1e-5); // sums of a dozen float32 products
      }
    });
  });

  describe('into the small R3D', () => {
    let small: LayersModel;
    beforeEach(() => {
      small = classifier();
    });

    it('takes an ArrayBuffer and a Blob', async () => {
      const file = bytes('importR3d.pth');
      await importTorchWeights(small, file.buffer as ArrayBuffer);
      const once = valuesOf(small);
      const again = classifier();
      await importTorchWeights(again, new Blob([file]));
      expect(valuesOf(again)).toEqual(once);
    });

    it('leaks no tensor, and does not keep the memory of the file', async () => {
      const before = tf.memory();
      await importTorchWeights(small, bytes('importR3d.safetensors'));
      const after = tf.memory();
      expect([after.numTensors, after.numDataBuffers]).toEqual([before.numTensors, before.numDataBuffers]);
      const values = small.getLayer('logits').getWeights()[1]!.dataSync();
      expect(values.buffer.byteLength).toBe(5 * 4);
    });

    it('refuses unknown options', async () => {
      const file = bytes('importR3d.pth');
      await expectRefused(
        small,
        file,
        /^importTorchWeights\.parital: got an unknown option; expected partial/,
        {
          parital: true,
        } as object,
      );
      const error = await importTorchWeights(small, file, { parital: true } as object).catch((e) => e);
      expect(error.code).toBe('AMR_TORCH_IMPORT');
    });

    it('lists what is missing', async () => {
      const gone = ['stem.0.weight', 'stem.1.bias', 'fc.bias', 'layer1.0.conv1.0.weight'];
      const file = altered(Object.fromEntries(gone.map((name) => [name, undefined])));
      const report = await expectRefused(
        small,
        file,
        /^importTorchWeights\.file: got .* and 4 missing in the file \(stem.0.weight \(rgbStem kernel\), .* and 1 more\); .*The model is unchanged/,
      );
      expect(report!.missing.map(({ name }) => name).sort()).toEqual([...gone].sort());
      expect(report!.imported).toHaveLength(small.weights.length - 4);
    });

    it('lists what is only in the file, without counters', async () => {
      const file = altered({ 'layer9.weight': floats(1), 'layer9.num_batches_tracked': floats(3) });
      const report = await expectRefused(
        small,
        file,
        /1 in the file but not in the model \(layer9.weight\);/,
      );
      expect(report!.unexpected).toEqual(['layer9.weight']);
    });

    it('lists what has another shape', async () => {
      const report = await expectRefused(
        small,
        altered({ 'fc.bias': floats(1, 2) }),
        /1 different \(fc.bias is \[2\], logits expects \[5\]\);/,
      );
      expect(report!.mismatched).toEqual([
        { layer: 'logits', weight: 'bias', name: 'fc.bias', expected: [5], found: [2] },
      ]);
    });

    it.each([Number.NaN, Number.NEGATIVE_INFINITY])('refuses the weight %d and names it', async (value) => {
      const file = altered({ 'fc.bias': floats(0, 0, value, 0, 0) });
      await expectRefused(
        small,
        file,
        /^importTorchWeights\.file: got a value in fc.bias that is not finite/,
      );
      await expectRefused(small, file, /got a value in fc.bias that is not finite/, { partial: true });
    });

    it('imports what fits with partial', async () => {
      const file = altered({ 'fc.bias': floats(1, 2), 'fc.weight': undefined, other: floats(1) });
      const head = () =>
        small
          .getLayer('logits')
          .getWeights()
          .map((weight) => [...weight.dataSync()]);
      const before = head();
      const report = await importTorchWeights(small, file, { partial: true });
      expect(report.missing.map(({ name }) => name)).toEqual(['fc.weight']);
      expect(report.mismatched.map(({ name }) => name)).toEqual(['fc.bias']);
      expect(report.unexpected).toEqual(['other']);
      expect(head()).toEqual(before);
      const whole = classifier();
      await importTorchWeights(whole, bytes('importR3d.safetensors'));
      expect(valuesOf(small).slice(0, 5)).toEqual(valuesOf(whole).slice(0, 5));
    });

    it('only reports with onlyReport', async () => {
      const before = valuesOf(small);
      const report = await importTorchWeights(small, altered({ 'fc.bias': undefined }), { onlyReport: true });
      expect(report.missing).toEqual([{ layer: 'logits', weight: 'bias', name: 'fc.bias' }]);
      expect(valuesOf(small)).toEqual(before);
    });

    it('skips names on both sides: a classifier for other classes, or a missing one', async () => {
      const skip = (name: string) => name.startsWith('fc.');
      const encoder = smallR3d();
      await expectRefused(encoder.model, bytes('importR3d.pth'), /2 in the file .* \(fc.weight, fc.bias\);/);
      const report = await importTorchWeights(encoder.model, bytes('importR3d.pth'), { skip });
      expect(report.imported).toHaveLength(encoder.model.weights.length);

      const other = singleStream(smallR3d(), { classes: 7 });
      await expectRefused(
        other,
        bytes('importR3d.pth'),
        /2 different \(fc.weight is \[5, 8\], logits expects \[7, 8\]/,
      );
      expect(
        await importTorchWeights(
          other,
          renamed((name) => `module.${name}`),
          { skip },
        ),
      ).toMatchObject({
        missing: [],
        unexpected: [],
        mismatched: [],
      });
    });

    it('takes one of several networks by its prefix', async () => {
      const { tensors } = readSafetensors(bytes('importR3d.safetensors'));
      const both = writeSafetensors({
        tensors: new Map([...tensors].flatMap(([name, entry]) => [[`student.${name}`, entry], [`teacher.${name}`, entry]])), // biome-ignore format: pairs
        metadata: {},
      });
      await expectRefused(
        small,
        both,
        /^importTorchWeights\.file: got the names student\..*; expected names such as stem.0.weight/,
      );
      const report = await importTorchWeights(small, both, { prefix: 'student.' });
      expect(report.imported[0]!.name).toBe('student.stem.0.weight');
      expect(report.unexpected).toEqual([]);
      await expectRefused(
        small,
        both,
        /^importTorchWeights\.prefix: got 'pupil.'; .* first tensors: student/,
        {
          prefix: 'pupil.',
        },
      );
    });

    it.each(['module.', '_orig_mod.', 'module._orig_mod.', 'backbone.'])(
      'ignores %s at the start of names',
      async (front) => {
        const report = await importTorchWeights(
          small,
          renamed((name) => front + name),
        );
        expect(report.imported).toHaveLength(small.weights.length);
      },
    );

    it('refuses a file in which two tensors have the same name after their prefixes', async () => {
      const file = altered({ 'module.fc.bias': floats(1, 2, 3, 4, 5) });
      await expectRefused(
        small,
        file,
        /^importTorchWeights\.file: got 'fc.bias' and 'module.fc.bias', which both mean 'fc.bias'/,
      );
    });

    it('lists what it tried when nothing fits', async () => {
      await expectRefused(
        small,
        renamed((name) => `x${name}`),
        /got the names xstem.*expected names such as stem.0.weight.*tried the torchvision names for the layers 'rgb...'/,
      );
      // The beginning of an encoder's name is not an encoder.
      for (const encoder of ['depth', 'rg']) {
        await expectRefused(
          small,
          bytes('importR3d.pth'),
          new RegExp(
            `^importTorchWeights\\.encoder: got '${encoder}'; expected an encoder of the model: 'rgb'`,
          ),
          { encoder },
        );
      }
    });

    it('takes a naming as a function, or as an object by layer', async () => {
      const file = renamed((name) => name.replace('fc.', 'head.linear.'));
      await expectRefused(small, file, /2 missing .*fc.weight \(logits kernel\)/);
      const given = await importTorchWeights(small, file, {
        names: (layer, all) => {
          expect(all).toContain('Stage2Block1Conv1');
          if (layer === 'logits') return 'head.linear';
          if (layer.startsWith('Stem')) return layer === 'Stem' ? 'stem.0' : 'stem.1';
          return undefined;
        },
        partial: true,
      });
      expect(given).toMatchObject({ names: 'given', encoder: 'rgb' });
      expect(given.imported).toHaveLength(1 + 4 + 2);
      const names = { rgbStem: 'stem.0', logits: 'head.linear' };
      const two = await importTorchWeights(small, file, { names, partial: true });
      expect(two.imported.map(({ name }) => name)).toEqual([
        'stem.0.weight',
        'head.linear.weight',
        'head.linear.bias',
      ]);
      expect(two.missing).toHaveLength(small.weights.length - 3);
      await expectRefused(
        small,
        file,
        /^importTorchWeights\.names: got 'keras'; expected one of torchvision/,
        {
          names: 'keras' as 'torchvision',
        },
      );
    });

    it('throws the error of the reader for a damaged file', async () => {
      const cut = bytes('importR3d.pth').subarray(0, 20_000);
      await expect(importTorchWeights(small, cut)).rejects.toThrow(FormatError);
    });
  });

  it('refuses a graph other than that of the weights', async () => {
    const other = classifier(smallStgcn(0));
    const report = await expectRefused(
      other,
      bytes('importStgcn.pth'),
      /3 different \(.*gcn.0.gcn.A has other values than the config of skeletonStage1Block1Graph/,
    );
    expect(report!.mismatched[0]).toMatchObject({ weight: 'A', expected: [3, 5, 5], found: [3, 5, 5] });
  });

  describe('into a model of several encoders', () => {
    const both = () => twoStream({ rgb: smallR3d(), skeleton: smallStgcn(), classes: 5 });

    it('finds the encoder and its own classifier, and does not change the rest', async () => {
      const whole = both();
      const fused = biasOf(whole, 'logits');
      const skeleton = valuesOf(whole);
      const report = await importTorchWeights(whole, bytes('importR3d.pth'));
      expect([report.encoder, report.missing]).toEqual(['rgb', []]);
      const layersSet = new Set(report.imported.map(({ layer }) => layer));
      expect([...layersSet].every((layer) => layer.startsWith('rgb'))).toBe(true);
      expect(layersSet).toContain('rgbLogits');
      expect(biasOf(whole, 'logits')).toEqual(fused);
      whole.weights.forEach((weight, i) => {
        if (weight.name.startsWith('skeleton')) expect([...weight.read().dataSync()]).toEqual(skeleton[i]);
      });
      expect((await importTorchWeights(whole, bytes('importStgcn.pth'))).encoder).toBe('skeleton');
    });

    it('does not confuse the classifier of the fusion with that of one encoder, whatever the names of the modalities', async () => {
      const whole = twoStream({
        rgb: smallR3d(),
        skeleton: smallStgcn(),
        classes: 5,
        names: { rgb: 'video' },
      });
      const skip = (name: string) => name.startsWith('fc.');
      const report = await importTorchWeights(whole, bytes('importR3d.pth'), { skip });
      expect(report.imported).toHaveLength(smallR3d().model.weights.length);
    });

    it('asks for a choice between two equal encoders', async () => {
      const twins = twoStream({ rgb: smallR3d('rgb'), skeleton: smallR3d('rgbNight'), classes: 5 });
      await expectRefused(
        twins,
        bytes('importR3d.pth'),
        /names that fit in several ways, .*'rgb...'.*'rgbNight...'; expected one way\. Choose it with encoder or names/,
      );
      for (const encoder of ['rgb', 'rgbNight']) {
        const report = await importTorchWeights(twins, bytes('importR3d.pth'), { encoder });
        expect(report.imported.map(({ layer }) => layer)).toContain(`${encoder}Stem`);
        expect(report.imported).toHaveLength(classifier().weights.length);
      }
    });
  });

  it('imports into nested models and inside timeDistributed', async () => {
    const inner = smallR3d('rgb').model;
    const clips = input({ shape: [2, 2, 12, 12, 3] });
    const each = layers.timeDistributed({ layer: inner }).apply(clips) as SymbolicTensor;
    const pooled = layers.globalAveragePooling1d().apply(each) as SymbolicTensor;
    const outer = model({
      inputs: clips,
      outputs: layers.dense({ units: 5, name: 'logits' }).apply(pooled) as SymbolicTensor,
    });
    const report = await importTorchWeights(outer, bytes('importR3d.pth'));
    expect(report.imported).toHaveLength(outer.weights.length);
  });

  it('imports into a model that was saved and loaded', async () => {
    await expectTorchGolden(await reloaded(classifier()), 'importR3d');
  });

  it('reads files without checksums with the option', async () => {
    const file = bytes('importR3d.pth');
    const text = new TextDecoder('latin1').decode(file);
    // The CRC-32 in the pickle's directory entry is 16 bytes after the signature.
    file.fill(0, text.indexOf('PK\x01\x02') + 16, text.indexOf('PK\x01\x02') + 20);
    await expect(importTorchWeights(classifier(), file)).rejects.toThrow(/got data with another CRC-32/);
    expect((await importTorchWeights(classifier(), file, { checksums: false })).missing).toEqual([]);
  });

  it('says that a layer without a counterpart has no known name', async () => {
    const x = input({ shape: [3, 2] });
    const recurrent = layers
      .gru({ units: 2, recurrentInitializer: 'zeros', name: 'recurrent' })
      .apply(x) as SymbolicTensor;
    const net = model({
      inputs: x,
      outputs: layers.dense({ units: 5, name: 'head' }).apply(recurrent) as SymbolicTensor,
    });
    const file = writeSafetensors({ tensors: new Map([['head.bias', floats(1, 2, 3, 4, 5)]]), metadata: {} });
    const names = { recurrent: 'gru', head: 'head' };
    await expectRefused(net, file, /recurrent kernel \(without a known name\)/, { names });
    await importTorchWeights(net, file, { names, partial: true });
    expect(biasOf(net, 'head')).toEqual([1, 2, 3, 4, 5]);
  });
});
