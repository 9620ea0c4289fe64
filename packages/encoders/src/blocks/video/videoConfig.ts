/** What every video network can be told. */
export interface VideoConfig {
  /** [frames, height, width, channels] of a clip: 3 channels for RGB, 1 for depth. */
  inputShape: readonly [frames: number, height: number, width: number, channels: number];
  /** Mean of the input, per channel or for all. */
  mean?: number[];
  /** Standard deviation of the input, per channel or for all. */
  std?: number[];
  /** Name of the modality: of the input, and in front of every layer's name. Default `'rgb'`. */
  name?: string;
  /** Seed of the initial weights. Absent: different each time. */
  seed?: number;
}
