import { EncoderConfigError } from './errors.js';

/** @throws {EncoderConfigError} with the network's name in front of the message */
export function refuse(network: string, message: string): never {
  throw new EncoderConfigError(`${network}: ${message}`);
}

/** @throws {EncoderConfigError} unless each of these options is a whole number above 0 */
export function checkWhole(network: string, sizes: { readonly [option: string]: number }): void {
  for (const [option, value] of Object.entries(sizes)) {
    if (Number.isInteger(value) && value > 0) continue;
    refuse(network, `got ${option} ${value}; expected a whole number above 0.`);
  }
}

/** @throws {EncoderConfigError} unless it is a share below 1 */
export function checkDropout(network: string, dropout: number): void {
  if (dropout >= 0 && dropout < 1) return;
  refuse(network, `got dropout ${dropout}; expected a number in [0, 1).`);
}

/** @throws {EncoderConfigError} unless there are two classes or more */
export function checkClasses(network: string, classes: number): void {
  if (Number.isInteger(classes) && classes >= 2) return;
  refuse(network, `got classes ${classes}; expected a whole number, 2 or more.`);
}
