import { Command, CommanderError } from 'commander';
import { DatasetError } from '../datasetError.js';
import { mergePrepared } from '../prepare/mergePrepared.js';
import { dataSets, type Flags } from './dataSets.js';
import { generateCommand } from './generateCommand.js';
import { infoOf, infoText } from './infoCommand.js';
import { lookCommand } from './lookCommand.js';
import { parseClasses, parseCount, parseNumber } from './parseFlags.js';
import { prepareCommand } from './prepareCommand.js';
import { Stopped } from './stopSignals.js';
import { verifyCommand } from './verifyCommand.js';

/*
 * The program `amr-data`. The commands only parse flags, show progress and print results; all work is done by functions that
 * @amr/datasets/node exports. Exit codes: 0, 1 for data that can't be used, 2 for a wrong command line, 130 after a stop.
 */

const program = new Command('amr-data')
  .description('Prepares data sets of videos and skeletons as shards for streaming, and inspects them.')
  .option('--debug', 'print errors with their stack')
  .exitOverride()
  .showHelpAfterError('(--help shows the options)');

const prepare = program
  .command('prepare')
  .description(
    'read a data set as it is downloaded and write its shards; after a stop, the same command resumes',
  );
for (const { command, optionsOf } of dataSets()) {
  prepare.addCommand(
    command
      .copyInheritedSettings(program)
      .requiredOption('--out <folder>', 'folder of the shards and manifest.json')
      .option('--workers <count>', 'threads that read (default: one for each core)', parseCount)
      .option(
        '--shard <number/count>',
        'the part that this process prepares, such as 3/16 (default: as set by Slurm or Kubernetes, or all)',
      )
      .option('--shard-size <megabytes>', 'largest size of a shard in MB (default: 256)', parseNumber)
      .option('--skip-damaged', 'list samples that cannot be read in the manifest, instead of failing')
      .action((flags: Flags) => prepareCommand(command.name(), optionsOf(flags), flags)),
  );
}

program
  .command('merge')
  .description('write manifest.json when all processes (prepare --shard) are done')
  .argument('<folder>')
  .action(async (folder: string) => {
    const { counts } = await mergePrepared(folder);
    console.log(`${counts.samples} samples in ${counts.shards} shards; ${folder} is complete`);
  });

program
  .command('verify')
  .description('read all shards and compare them with the manifest')
  .argument('<folder or address>')
  .action(async (place: string) => {
    if (!(await verifyCommand(place))) process.exitCode = 1;
  });

program
  .command('info')
  .description('show the content of a prepared folder: modalities, samples by class and split')
  .argument('<folder or address>')
  .option('--json', 'as JSON')
  .action(async (place: string, { json }: Flags) => {
    const info = await infoOf(place);
    console.log(json ? JSON.stringify(info, null, 2) : infoText(info));
  });

program
  .command('look')
  .description('draw the first sample of each class as a contact sheet')
  .argument('<folder or address>')
  .option('--out <file>', 'path of the picture', 'look.png')
  .option('--rows <count>', 'largest number of samples', parseCount, 12)
  .action(async (place: string, { out, rows }: Flags) => {
    const ids = await lookCommand(place, out, rows);
    console.log(`${out}: ${ids.join(', ')}`);
  });

program
  .command('generate')
  .description("write generated clips in NTU RGB+D's layout, to try everything without the data set")
  .requiredOption('--out <folder>', 'folder of nturgb+d_skeletons and nturgb+d_rgb')
  .option('--samples-per-class <count>', 'clips per class (default: 96)', parseCount)
  .option('--classes <list>', 'actions, separated by commas, or their number (default: 12)', parseClasses)
  .option('--persons <count>', 'bodies per clip: 1 or 2 (default: 1)', parseCount)
  .option('--subjects <count>', 'number of performers (default: 16)', parseCount)
  .option('--views <count>', 'number of cameras (default: 3)', parseCount)
  .option('--frames <count>', 'frames of the skeletons', parseCount, 32)
  .option('--video-frames <count>', 'frames of the videos', parseCount, 16)
  .option('--size <pixels>', 'side of the videos (default: 32)', parseCount)
  .option('--seed <number>', 'seed of all random choices (default: 0)', parseNumber)
  .option('--lossless', 'lossless videos')
  .action(generateCommand);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}

/** Prints an error. @returns the exit code */
function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Stopped) {
    console.error('Stopped. Finished work is kept; the same command resumes.');
    return 130;
  }
  const isExpected = error instanceof DatasetError || (error as NodeJS.ErrnoException)?.code !== undefined;
  const { message, stack } = error as Error;
  console.error(program.opts()['debug'] || !isExpected ? stack : `amr-data: ${message}`);
  return 1;
}
