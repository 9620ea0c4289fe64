import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import { expect, it, vi } from 'vitest';
import { modelFolder } from './files.js';
import { gestures } from './gestures.js';

const foreignFolder = fileURLToPath(new URL('../foreign', import.meta.url));

it('plugs in, attacks, trains and saves', async () => {
  const out = mkdtempSync(join(tmpdir(), 'amr-plug-in-'));
  const { argv } = process;
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  process.argv = [...argv.slice(0, 2), '--out', out, '--epochs', '3'];
  try {
    await import('./main.js');
    const printed = log.mock.calls.flat().join('\n');
    expect(printed).toContain('Largest change of a logit by plugging in: 0\n');
    const averages = printed.split(/^PGD-20 +clean/m)[1]!.match(/(as loaded|trained) .*/g)!;
    const robust = averages.map((line) => Number(line.match(/[\d.]+/g)![4]));
    expect(robust[1]).toBeGreaterThan(robust[0]! + 10);

    const saved = await loadLayersModel(modelFolder(out));
    const xs = [tf.ones([2, 12, 12, 1]), tf.ones([2, 24, 3])];
    expect((saved.predict(xs) as tf.Tensor).shape).toEqual([2, 4]);
    expect(saved.layers.map((layer) => layer.getClassName())).toContain('AttentionModalityReweighter');
  } finally {
    process.argv = argv;
    log.mockRestore();
    rmSync(out, { recursive: true, force: true });
  }
});

it('starts from a Keras model that gives the same outputs in tfjs as in Keras and classifies the gestures', async () => {
  expect(readFileSync(join(foreignFolder, 'model.json'), 'utf8')).not.toMatch(/Reweighter|RestoreMask|amr/i);
  const foreign = await loadLayersModel(modelFolder(foreignFolder));
  const sample = JSON.parse(readFileSync(join(foreignFolder, 'sample.json'), 'utf8'));
  const logits = foreign.predict(sample.inputs.map((one: number[]) => tf.tensor(one))) as tf.Tensor2D;
  // Logits of size 10 in float32, summed in another order.
  expect(logits.arraySync()).toEqual(
    sample.outputs.map((row: number[]) => row.map((one) => expect.closeTo(one, 4))),
  );
  const test = gestures(200, 3);
  for await (const { inputs, labels } of test.batches({ batchSize: 200 })) {
    const right = tf.equal(tf.argMax(foreign.predict(Object.values(inputs)) as tf.Tensor2D, 1), labels);
    expect(tf.mean(tf.cast(right, 'float32')).dataSync()[0]).toBeGreaterThan(0.9);
  }
});

it('reads weights in several files and groups, as converters write large models', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'amr-plug-in-'));
  try {
    const json = JSON.parse(readFileSync(join(foreignFolder, 'model.json'), 'utf8'));
    const bytes = readFileSync(join(foreignFolder, 'weights.bin'));
    const specs: tf.io.WeightsManifestEntry[] = json.weightsManifest[0].weights;
    const first = 4 * tf.util.sizeFromShape(specs[0]!.shape);
    json.weightsManifest = [
      { paths: ['group1-shard1of1.bin'], weights: specs.slice(0, 1) },
      { paths: ['group2-shard1of2.bin', 'group2-shard2of2.bin'], weights: specs.slice(1) },
    ];
    writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
    writeFileSync(join(folder, 'group1-shard1of1.bin'), bytes.subarray(0, first));
    writeFileSync(join(folder, 'group2-shard1of2.bin'), bytes.subarray(first, first + 1001));
    writeFileSync(join(folder, 'group2-shard2of2.bin'), bytes.subarray(first + 1001));
    const weights = await Promise.all(
      [foreignFolder, folder].map(async (from) => {
        const loaded = await loadLayersModel(modelFolder(from));
        return loaded.getWeights().map((weight) => weight.dataSync());
      }),
    );
    expect(weights[1]).toEqual(weights[0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
