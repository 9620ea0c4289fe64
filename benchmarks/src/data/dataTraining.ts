import { pgd } from '@amr/attacks';
import { ctrgcn, multiplyAdds, r3d, resnet3d, stgcn, twoStream } from '@amr/encoders';
import { zeroInitialized } from '@amr/testing/networks/zeroInitialized';
import { AdversarialTrainer, type Dataset } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';

/** The input of a preset's training: frames and pixels of videos, frames of skeletons, and the augmentation. */
export interface TrainingSize {
  /** How clips are prepared. */
  video: { frames: number; size: number };
  skeleton: { frames: number };
  /** The part of them that a network reads. */
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
 * Clips per second in adversarial training of the smoke preset's network (PGD-2 on both inputs, Adam), from a data set.
 * @param seconds shortest time to measure
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
  // Untimed: kernels are compiled, worker threads start, files are cached.
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

/** Floating-point operations of a clip in the training of the preset for a GPU with 80 GB. */
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
  // Forward, gradients of weights and of activations; an attack's step has no gradients of weights.
  return { 'without attacks': 3 * pass, 'PGD-7': (7 * 2 + 3) * pass };
}
