import { resnet3d, stgcn, twoStream } from '@amr/encoders';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Defence } from './plan.js';
import type { Settings } from './settings.js';

/**
 * The two-stream classifier of a defence. All have the same encoders, heads and first weights for the same seed;
 * only 'amr-at' has the reweighter between encoders and heads.
 */
export function buildModel(settings: Settings, defence: Defence, seed: number, classes: number): LayersModel {
  const { modality, encoder } = settings.video;
  const amr = defence === 'amr-at';
  return twoStream({
    rgb: resnet3d({ ...encoder, name: modality, seed: 1000 * seed }),
    skeleton: stgcn({ ...settings.skeleton.encoder, name: 'skeleton', seed: 1000 * seed + 500 }),
    classes,
    fusion: amr ? 'amr' : 'concat',
    returnWeights: amr,
    dropout: settings.training.dropout,
    seed: 1000 * seed + 900,
  });
}
