import { EncoderConfigError } from '../encoderConfigError.js';

/**
 * Of temporal branches side by side: one for each dilation, a max pool and a pointwise convolution.
 *
 * @throws {EncoderConfigError} when there is no dilation, a dilation is not one, or a branch would have no channel
 */
export function checkBranches(network: string, width: number, dilations: readonly number[]): void {
  if (dilations.length === 0 || !dilations.every((step) => Number.isInteger(step) && step > 0)) {
    throw new EncoderConfigError(
      `${network}: got dilations [${dilations}]; expected one or more whole numbers above 0, such as [1, 2].`,
    );
  }
  const branches = dilations.length + 2;
  if (width < branches) {
    throw new EncoderConfigError(
      `${network}: got width ${width} for ${branches} temporal branches; expected ${branches} or more.`,
    );
  }
}
