/** Mean and standard deviation of the inputs, one for each channel or one for all. */
export interface Normalization {
  mean: number[];
  std: number[];
}

/** Each channel's mean and deviation on Kinetics-400, as torchvision states them; for other than 3 channels, one for all. */
export function kineticsNormalization(channels: number): Normalization {
  return channels === 3
    ? { mean: [0.43216, 0.394666, 0.37645], std: [0.22803, 0.22145, 0.216989] }
    : grayNormalization;
}

/** One mean and deviation for all channels, with which SlowFast and PyTorchVideo train. */
export const grayNormalization: Normalization = { mean: [0.45], std: [0.225] };
