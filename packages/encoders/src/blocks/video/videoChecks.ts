import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { checkCount, checkCountList, checkNormalization, checkOption } from '../../options.js';
import type { Normalization } from './normalization.js';
import type { VideoConfig } from './videoConfig.js';

/**
 * Refuses a list of blocks without a whole number from 1 for each stage, or with more than `stages` stages.
 * @throws {EncoderConfigError} that names the blocks of the network
 */
export function checkBlocks(network: string, blocks: readonly number[], stages?: number): void {
  checkCountList(`${network}.blocks`, blocks, '[1, 1, 1, 1]');
  if (stages === undefined) return;
  checkOption(`${network}.blocks`, blocks, blocks.length <= stages, `${stages} stages or fewer`);
}

/**
 * Refuses an input shape that is not four whole numbers, or smaller than the product of the strides.
 * @param advice how smaller inputs become possible
 * @throws {EncoderConfigError} that names the smallest input shape
 */
export function checkInputShape(
  network: string,
  inputShape: VideoConfig['inputShape'],
  strides: readonly Size3[],
  advice: string,
): void {
  const name = `${network}.inputShape`;
  const expected = '[frames, height, width, channels], such as [16, 112, 112, 3]';
  checkOption(name, inputShape, inputShape?.length === 4, expected);
  for (const [axis, size] of inputShape.entries()) checkCount(`${name}[${axis}]`, size);
  const smallest = [0, 1, 2].map((axis) => strides.reduce((product, step) => product * step[axis]!, 1));
  for (const [axis, size] of ['frames', 'height', 'width'].entries()) {
    checkOption(
      name,
      inputShape,
      inputShape[axis]! >= smallest[axis]!,
      `${size} ${smallest[axis]} or more, the product of the strides`,
      `The smallest inputShape that works is [${[...smallest, inputShape[3]].join(', ')}]. ${advice}`,
    );
  }
}

/**
 * The mean and standard deviation of the config, or the default ones.
 * @throws {EncoderConfigError} when they don't fit the channels
 */
export function normalizationOf(
  network: string,
  config: Partial<VideoConfig>,
  channels: number,
  defaults: Normalization,
): Normalization {
  const { mean = defaults.mean, std = defaults.std } = config;
  checkNormalization(network, { mean, std }, channels);
  return { mean, std };
}
