import { InvalidArgumentError } from 'commander';

/** A count on the command line. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError(`Got ${text}; expected a whole number from 1.`);
  return value;
}

/** Reports that a run was stopped, with a message and the exit status of Ctrl-C. */
export function stopped(): void {
  process.stderr.write('Stopped. Run the same command again to resume.\n');
  process.exitCode = 130;
}
