import type { AttentionModalityReweighterConfig } from '@amr/layers';
import type { KeysOf } from '../options.js';
import type { FusionChoice } from './fusionChoice.js';
import type { FusionPoint } from './fusionPoints.js';

/** The config of the fusion and the classifier, which {@link multiStream} and {@link twoStream} have in common. */
export interface FusionConfig {
  /** Number of classes, 2 or more. */
  classes: number;
  /**
   * How the modalities are fused: one of the names that {@link multiStream} lists, a fusion layer of `@amr/layers`, or a
   * function that makes one. Default `'amr'`.
   */
  fusion?: FusionChoice;
  /**
   * Where a fusion of role `'exchange'` goes: one fusion point, or several from the first layers to the last. Default
   * `'last'`, with `'memory'` `'features'`. Other fusions take the pooled features and no fusion point.
   */
  at?: FusionPoint | readonly FusionPoint[];
  /** The config of the reweighter of `'amr'`; other fusions take none. */
  reweighter?: Omit<AttentionModalityReweighterConfig, 'returnWeights' | 'name'>;
  /**
   * Adds the modalities' weights that the fusion layers compute as outputs, in the order of `at`; `'concat'`, `'sum'`,
   * `'late'` and `'memory'` have no such weights. Default false.
   */
  returnWeights?: boolean;
  /** Adds each modality's pooled features as a last output `<modality>Pooled`, for losses on them. Default false. */
  returnFeatures?: boolean;
  /** Share of the fused features dropped in training before the classifier. In [0, 1); default 0. */
  dropout?: number;
  /** Seed of dropout and of the initial weights of the layers that are added to the encoders. */
  seed?: number;
}

/** The keys of {@link FusionConfig}. */
export const fusionKeys: KeysOf<FusionConfig> = {
  classes: true,
  fusion: true,
  at: true,
  reweighter: true,
  returnWeights: true,
  returnFeatures: true,
  dropout: true,
  seed: true,
};
