import { EncoderConfigError } from '../encoderConfigError.js';

/**
 * @param use what a network does with a quarter of its channels
 * @throws {EncoderConfigError} when the width has none to give
 */
export function checkQuarters(network: string, width: number | undefined, use: string): void {
  if (width === undefined || width >= 4) return;
  throw new EncoderConfigError(
    `${network}: got width ${width}; expected 4 or more: a quarter of the channels ${use}.`,
  );
}
