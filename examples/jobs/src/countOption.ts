import { InvalidArgumentError } from 'commander';

/** Parses an option of the command line that is a whole number of at least `min`. */
export const countOption =
  (min: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min) return value;
    throw new InvalidArgumentError(`Got ${text}; expected a whole number from ${min}.`);
  };
