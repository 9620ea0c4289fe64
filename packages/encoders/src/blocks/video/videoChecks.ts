import type { Size3 } from '../../layers/convolution/paddedConv3D.js';
import { checkWhole, refuse } from '../../options.js';
import type { Normalization } from './normalization.js';
import type { VideoConfig } from './videoConfig.js';

/** The checks that video networks share. Every message starts with the network's name. */
export interface VideoChecks {
  /** Throws an {@link EncoderConfigError}. */
  fail(message: string): never;
  /** Fails unless the value is a whole number above 0. */
  whole(option: string, value: number): void;
  /** Fails unless there is a whole number of blocks above 0 for each of one or more stages, `stages` at most. */
  blocks(blocks: readonly number[], stages?: number): void;
  /** Fails unless the input shape is four whole numbers that are not smaller than the product of the strides. */
  inputShape(inputShape: VideoConfig['inputShape'], strides: readonly Size3[], mend: string): void;
  /** The given mean and deviation or the default ones; fails unless they fit the channels. */
  normalization(config: Partial<VideoConfig>, channels: number, own: Normalization): Normalization;
}

/** The {@link VideoChecks} of one network. */
export function videoChecks(network: string): VideoChecks {
  const fail = (message: string) => refuse(network, message);
  const whole = (option: string, value: number) => checkWhole(network, { [option]: value });
  return {
    fail,
    whole,
    blocks(blocks, stages) {
      if (blocks.length === 0)
        fail('got no blocks; expected a number of blocks for each stage, such as [1, 1, 1, 1].');
      if (stages !== undefined && blocks.length > stages)
        fail(`got blocks [${blocks}] for ${blocks.length} stages; expected ${stages} or fewer.`);
      for (const count of blocks) whole('blocks', count);
    },
    inputShape(inputShape, strides, mend) {
      if (inputShape?.length !== 4) {
        fail(
          `got inputShape [${inputShape}]; expected [frames, height, width, channels], such as [16, 112, 112, 3].`,
        );
      }
      for (const size of inputShape) whole(`a size in inputShape [${inputShape}]:`, size);
      const smallest = [0, 1, 2].map((axis) => strides.reduce((product, step) => product * step[axis]!, 1));
      for (const [axis, option] of ['frames', 'height', 'width'].entries()) {
        if (inputShape[axis]! >= smallest[axis]!) continue;
        fail(
          `got inputShape [${inputShape}], that is ${option} ${inputShape[axis]}, for a stride of ${smallest[axis]} ` +
            `in all; expected ${option} ${smallest[axis]} or more. The smallest inputShape that works is ` +
            `[${[...smallest, inputShape[3]].join(', ')}]. ${mend}`,
        );
      }
    },
    normalization(config, channels, own) {
      const { mean = own.mean, std = own.std } = config;
      if (
        mean.length !== std.length ||
        ![1, channels].includes(mean.length) ||
        !mean.every(Number.isFinite) ||
        !std.every((value) => Number.isFinite(value) && value > 0)
      ) {
        fail(
          `got mean [${mean}] and std [${std}] for ${channels} channels; expected one finite value each, or one per ` +
            'channel, std above 0.',
        );
      }
      return { mean, std };
    },
  };
}
