import { Command } from 'commander';
import { prepareCommand } from './commands/prepare.js';
import { evaluateCommand, mergeCommand, reportCommand, runCommand, trainCommand } from './commands/steps.js';

const program = new Command('ntu')
  .description(
    'Full runs: prepares NTU RGB+D, iMiGUE or UTD-MHAD, trains two-stream networks with and without defences, attacks and compares them.',
  )
  .addCommand(prepareCommand())
  .addCommand(trainCommand())
  .addCommand(evaluateCommand())
  .addCommand(mergeCommand())
  .addCommand(reportCommand())
  .addCommand(runCommand());

try {
  await program.parseAsync(process.argv.filter((argument) => argument !== '--'));
} catch (error) {
  console.error(`\n${(error as Error).message}`);
  process.exitCode = 1;
}
