import type { KeysOf } from '../../options.js';

/** What the configs of all video networks have in common. */
export interface VideoConfig {
  /** [frames, height, width, channels] of a clip: 3 channels for RGB, 1 for depth. */
  inputShape: readonly [frames: number, height: number, width: number, channels: number];
  /** Mean of the input, one for each channel or one for all. */
  mean?: number[];
  /** Standard deviation of the input, one for each channel or one for all. */
  std?: number[];
  /** Name of the modality: the input has it, and every layer's name starts with it. Default `'rgb'`. */
  name?: string;
  /** Seed of the initial weights. Absent: different each time. */
  seed?: number;
}

/** The keys of {@link VideoConfig}. */
export const videoKeys: KeysOf<VideoConfig> = {
  inputShape: true,
  mean: true,
  std: true,
  name: true,
  seed: true,
};
