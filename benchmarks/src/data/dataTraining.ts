import { pgd } from '@amr/attacks';
import { ctrgcn, multiplyAdds, r3d, resnet3d, stgcn, twoStream } from '@amr/encoders';
import { zeroInitialized } from '@amr/testing/networks/zeroInitialized';
import { AdversarialTrainer, type Dataset } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';

/** What a size of training takes of each clip: frames and pixels, frames of the skeletons, and the augmentation of its preset. */
export interface TrainingSize {
  /** How clips are prepared. */
  video: { frames: number; size: number };
  skeleton: { frames: number };
  /** What is taken of them. */
  take: { frames: { rgb: number; skeleton: number }; crop: { size: number } };
  augmentation: { [what: string]: number };
  batchSize: number;
}

/** Those of the presets of examples/ntu. */
export const sizes = {
  smoke: {
    video: { frames: 8, size: 36 },
    skeleton: { frames: 32 },
    take: { frames: { rgb: 8, skeleton: 32 }, crop: { size: 32 } },
    augmentation: { rotation: 15, scale: 0.1, brightness: 0.15, cropTime: 0.15 },
    batchSize: 16,
  },
  'gpu-80gb': {
    video: { frames: 32, size: 128 },
    skeleton: { frames: 64 },
    take: { frames: { rgb: 16, skeleton: 64 }, crop: { size: 112 } },
    augmentation: { rotation: 17, scale: 0.1, brightness: 0.2, cropTime: 0.1, roll: 5, zoom: 0.1 },
    batchSize: 16,
  },
} satisfies { [name: string]: TrainingSize };

const classes = 60;

/** The smoke preset's two-stream network with AMR. */
function smokeNetwork() {
  const { frames, crop } = sizes.smoke.take;
  return twoStream({
    rgb: resnet3d({
      inputShape: [frames.rgb, crop.size, crop.size, 3],
      depth: 10,
      width: 8,
      blocks: [1, 1, 1],
      stemKernel: [3, 5, 5],
      stemStride: [1, 2, 2],
      poolStride: null,
      strides: [
        [1, 2, 2],
        [2, 2, 2],
        [2, 2, 2],
      ],
      name: 'rgb',
    }),
    skeleton: stgcn({
      frames: frames.skeleton,
      width: 16,
      blocks: [1, 1, 1],
      initialStride: 2,
      temporalKernel: 5,
      name: 'skeleton',
    }),
    classes,
    dropout: 0.2,
  });
}

/**
 * Clips in a second that adversarial training of the smoke preset's network takes (PGD-2 on both inputs, Adam), from a data set.
 * @param seconds how long it is measured at least
 */
export async function trainingPace(dataset: Dataset, seconds: number): Promise<number> {
  const model = smokeNetwork();
  const optimizer = tf.train.adam(0.002);
  const trainer = new AdversarialTrainer({
    model,
    objective: 'amr',
    optimizer,
    attack: pgd(
      {
        rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] },
        skeleton: { norm: 'linf', epsilon: 0.02 },
      },
      { steps: 2, randomStart: true },
    ),
    batchSize: sizes.smoke.batchSize,
    seed: 1,
  });
  // Untimed: kernels are prepared, worker threads start, files get into the cache.
  await trainer.fit(dataset, { epochs: 2 });
  let epochs = 2;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < 1000 * seconds) {
    await trainer.fit(dataset, { epochs: ++epochs });
    elapsed = performance.now() - start;
  }
  optimizer.dispose();
  model.dispose();
  return (1000 * (epochs - 2) * dataset.size) / elapsed;
}

/** Floating-point operations of a clip in the training that the preset for a GPU of 80 GB does. */
export function fullSizeOperations(): { [training: string]: number } {
  const { frames, crop } = sizes['gpu-80gb'].take;
  const model = zeroInitialized(() =>
    twoStream({
      rgb: r3d({ inputShape: [frames.rgb, crop.size, crop.size, 3], depth: 18 }),
      skeleton: ctrgcn({ frames: frames.skeleton }),
      classes,
    }),
  );
  const pass = 2 * multiplyAdds(model);
  model.dispose();
  // Forward, gradient in the weights and in what is between; an attack's step has no gradient in the weights.
  return { 'without attacks': 3 * pass, 'PGD-7': (7 * 2 + 3) * pass };
}
