import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** Inputs of a model and its outputs for them, as stored in `sample.json` in the model's folder. */
export type Sample = {
  /** Values and shape of each input. */
  inputs: { values: number[]; shape: number[] }[];
  /** Values of each output. */
  outputs: number[][];
};

/** Saves a model to a new folder as tfjs does, in `model.json` and `weights.bin`, with a sample of 3 rows. */
export async function saveWithSample(model: LayersModel, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs }];
      writeFileSync(join(folder, 'model.json'), JSON.stringify({ modelTopology, weightsManifest }));
      writeFileSync(join(folder, 'weights.bin'), Buffer.from(tf.io.CompositeArrayBuffer.join(weightData)));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
  const sample = tf.tidy((): Sample => {
    const xs = model.inputs.map(({ shape }, i) =>
      tf.randomUniform([3, ...(shape.slice(1) as number[])], 0, 1, 'float32', i + 1),
    );
    const outputs = [model.predict(xs) as tf.Tensor | tf.Tensor[]].flat();
    return {
      inputs: xs.map((x) => ({ values: [...x.dataSync()], shape: x.shape })),
      outputs: outputs.map((y) => [...y.dataSync()]),
    };
  });
  if (!sample.outputs.flat().every(Number.isFinite))
    throw new Error(`${model.name}: got outputs that are not finite; expected finite ones.`);
  writeFileSync(join(folder, 'sample.json'), JSON.stringify(sample));
}
