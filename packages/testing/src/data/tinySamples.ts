import { mixSeed, randomFrom } from '@amr/internal';
import type { BatchOptions, Dataset } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';

/** Samples of two modalities with a few numbers each. The class is a pattern in both, with noise. */
export function tinySamples(
  size = 22,
  options: { seed?: number; classes?: number; prefix?: string } = {},
): Dataset {
  const { seed = 5, classes = 3, prefix = 's' } = options;
  const random = randomFrom(seed);
  const rows = [...Array(size).keys()].map((i) => {
    const label = i % classes;
    const near = (value: number) => value + 0.8 * (random() - 0.5);
    return {
      id: `${prefix}${i}`,
      label,
      rgb: [...Array(4).keys()].map((j) => Math.min(1, Math.max(0, near(j === label ? 0.8 : 0.2)))),
      skeleton: [...Array(6).keys()].map((j) => near(j % classes === label ? 0.5 : -0.5)),
    };
  });
  return datasetOf(rows, classes);
}

/** One sample. */
interface Row {
  id: string;
  label: number;
  rgb: number[];
  skeleton: number[];
}

/** A data set of these samples. */
function datasetOf(rows: readonly Row[], classes: number): Dataset {
  return {
    size: rows.length,
    classes: [...Array(classes).keys()].map((i) => `class ${i}`),
    ids: rows.map(({ id }) => id),
    modalities: {
      rgb: { shape: [4], range: [0, 1], unit: 'intensity' },
      skeleton: { shape: [2, 3], unit: 'metres' },
    },
    async *batches({ batchSize, seed, epoch = 0, start = 0, dropLast = false }: BatchOptions) {
      const order = [...rows.keys()];
      if (seed !== undefined) {
        const random = randomFrom(mixSeed(seed, epoch));
        for (let i = order.length - 1; i > 0; i--) {
          const j = Math.floor(random() * (i + 1));
          [order[i], order[j]] = [order[j]!, order[i]!];
        }
      }
      for (let at = start * batchSize; at < order.length; at += batchSize) {
        const chosen = order.slice(at, at + batchSize).map((i) => rows[i]!);
        if (dropLast && chosen.length < batchSize) return;
        yield {
          ids: chosen.map(({ id }) => id),
          inputs: {
            rgb: tf.tensor2d(chosen.map(({ rgb }) => rgb)),
            skeleton: tf.tensor3d(chosen.map(({ skeleton }) => [skeleton.slice(0, 3), skeleton.slice(3)])),
          },
          labels: tf.tensor1d(
            chosen.map(({ label }) => label),
            'int32',
          ),
        };
      }
    },
    subset: (indices) =>
      datasetOf(
        indices.map((i) => rows[i]!),
        classes,
      ),
  };
}

/** A two-stream model for {@link tinySamples} with batch normalisation, dropout and auxiliary heads. */
export function tinyModel(
  options: { seed?: number; classes?: number; units?: number; dropout?: number } = {},
): LayersModel {
  const { seed = 1, classes = 3, units = 5, dropout = 0.3 } = options;
  const glorot = (i: number) => ({ className: 'GlorotUniform', config: { seed: mixSeed(seed, i) } }) as never;
  const rgb = input({ shape: [4], name: 'rgb' });
  const skeleton = input({ shape: [2, 3], name: 'skeleton' });
  const dense = (n: number, i: number, name?: string) =>
    layers.dense({ units: n, kernelInitializer: glorot(i), ...(name && { name }) });
  const a = layers.batchNormalization().apply(dense(units, 1).apply(rgb)) as SymbolicTensor;
  const b = layers
    .batchNormalization()
    .apply(dense(units, 2).apply(layers.flatten().apply(skeleton))) as SymbolicTensor;
  const joined = layers
    .concatenate()
    .apply([layers.reLU().apply(a), layers.reLU().apply(b)] as SymbolicTensor[]);
  const dropped = layers.dropout({ rate: dropout }).apply(joined);
  return model({
    inputs: [rgb, skeleton],
    outputs: [
      dense(classes, 3, 'logits').apply(dropped) as SymbolicTensor,
      dense(classes, 4, 'rgbLogits').apply(a) as SymbolicTensor,
      dense(classes, 5, 'skeletonLogits').apply(b) as SymbolicTensor,
    ],
  });
}

/** A budget for each modality of {@link tinySamples}. */
export const budgets = {
  rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] },
  skeleton: { norm: 'linf', epsilon: 0.2 },
} satisfies { [modality: string]: import('@amr/attacks').Budget };

/** All weights of a model, as hexadecimal digits: equal texts mean equal bits. */
export function weightBytes(built: LayersModel): string {
  return built.weights
    .map((weight) => Buffer.from((weight.read().dataSync() as Float32Array).slice().buffer).toString('hex'))
    .join('/');
}
