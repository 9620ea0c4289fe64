import type { AugmentationOptions } from '@amr/datasets';
import type { Resnet3dConfig, StgcnConfig } from '@amr/encoders';

/** Everything that the numbers of a run depend on. A run folder holds the settings that it was started with. */
export interface Settings {
  readonly preset: string;
  readonly data:
    | {
        readonly kind: 'generated';
        readonly seed: number;
        readonly samplesPerClass: number;
        readonly resolution: number;
        readonly frames: { readonly skeleton: number; readonly rgb: number };
      }
    | {
        readonly kind: 'utd-mhad';
        readonly root: string;
        readonly resolution: number;
        readonly frames: { readonly skeleton: number; readonly depth: number };
      };
  /** The video stream: its modality's name, its encoder and what the adversary may change. */
  readonly video: {
    readonly modality: 'rgb' | 'depth';
    readonly epsilon: number;
    readonly encoder: Resnet3dConfig;
  };
  readonly skeleton: { readonly epsilon: number; readonly encoder: StgcnConfig };
  readonly training: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly weightDecay: number;
    /** PGD steps of adversarial training, on both inputs at once. */
    readonly attackSteps: number;
    readonly dropout: number;
    /** The same changes for every model, drawn with the training's seed. */
    readonly augmentation: AugmentationOptions;
  };
  readonly evaluation: {
    /** Test clips that are attacked, evenly spaced over the set. Absent: all. */
    readonly samples?: number;
    readonly steps: number;
    readonly shards: number;
    readonly batchSize: number;
    readonly curve: { readonly samples: number; readonly scales: readonly number[]; readonly steps: number };
    /** Clips and queries for the checks of each model's evaluation. Absent: no checks. */
    readonly checks?: { readonly samples: number; readonly queries: number };
    readonly examples: { readonly samples: number; readonly pictures: number };
  };
  readonly seeds: readonly number[];
}
