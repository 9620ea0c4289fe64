import { InvalidArgumentError } from 'commander';

/** A count on the command line. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('a whole number from 1 was expected');
  return value;
}

/** Says that a run was stopped, in words and by the exit status that a Ctrl-C gives. */
export function stopped(): void {
  process.stderr.write('Stopped. The same command goes on from there.\n');
  process.exitCode = 130;
}
