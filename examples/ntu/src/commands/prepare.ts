import { Command } from 'commander';
import { type CommonFlags, runOf, withCommonOptions } from '../run.js';

/** `ntu prepare`: makes shards of the data set's files, as the settings say. */
export const prepareCommand = (): Command =>
  withCommonOptions(
    new Command('prepare').description("makes prepared shards of the data set's files"),
  ).action(async (flags: CommonFlags) => {
    runOf(flags);
  });
