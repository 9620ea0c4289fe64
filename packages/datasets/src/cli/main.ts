import { Command, CommanderError } from 'commander';
import { DatasetError } from '../datasetError.js';
import { writeNtuLayout } from '../generator/ntuLayout.js';
import { mergePrepared } from '../prepare/mergePrepared.js';
import { verifyPrepared } from '../prepared/verifyPrepared.js';
import { dataSets, type Flags, list, number, whole } from './dataSets.js';
import { infoOf, infoText, sourceOf } from './infoCommand.js';
import { lookCommand } from './lookCommand.js';
import { prepareCommand } from './prepareCommand.js';
import { byteText, progressLine } from './progressLine.js';
import { Stopped, stopping } from './stopping.js';

const program = new Command('amr-data')
  .description('Prepares data sets of video and skeletons as shards that are streamed, and looks after them.')
  .option('--debug', 'errors with their stack')
  .exitOverride()
  .showHelpAfterError('(--help shows the options)');

const prepare = program
  .command('prepare')
  .description(
    'read a data set as it was downloaded and write its shards; the same command goes on after a stop',
  );
for (const { command, optionsOf } of dataSets()) {
  prepare.addCommand(
    command
      .copyInheritedSettings(program)
      .requiredOption('--out <folder>', 'where the shards and manifest.json go')
      .option('--workers <count>', 'threads that read (default: one for each core)', whole)
      .option(
        '--shard <number/count>',
        "this process's share, such as 3/16 (default: what Slurm or Kubernetes says, or all)",
      )
      .option('--shard-size <megabytes>', 'how large a shard may get (default: 256)', number)
      .option('--skip-damaged', 'list samples that cannot be read in the manifest, instead of ending')
      .action((flags: Flags) => prepareCommand(command.name(), optionsOf(flags), flags)),
  );
}

program
  .command('merge')
  .description('write manifest.json when all shares (prepare --shard) are done')
  .argument('<folder>')
  .action(async (folder: string) => {
    const { counts } = await mergePrepared(folder);
    console.log(`${counts.samples} samples in ${counts.shards} shards; ${folder} is whole`);
  });

program
  .command('verify')
  .description('read all shards and compare them with the manifest')
  .argument('<folder or address>')
  .action(async (place: string) => {
    const { signal, close } = stopping();
    const source = sourceOf(place);
    const line = progressLine();
    try {
      const { samples, shards, faults } = await verifyPrepared(source, {
        signal,
        onProgress: ({ done, total }) => line.show(done / total, `${byteText(done)} of ${byteText(total)}`),
      });
      line.close();
      for (const { message } of faults) console.error(message);
      if (faults.length > 0) process.exitCode = 1;
      else console.log(`${samples} samples in ${shards} shards are as they were written`);
    } finally {
      line.close();
      close();
      await source.close();
    }
  });

program
  .command('info')
  .description('what is in a prepared folder: modalities, samples by class and split')
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
  .option('--out <file>', 'the picture', 'look.png')
  .option('--rows <count>', 'the most samples', whole, 12)
  .action(async (place: string, { out, rows }: Flags) => {
    const ids = await lookCommand(place, out, rows);
    console.log(`${out}: ${ids.join(', ')}`);
  });

program
  .command('generate')
  .description("write generated clips in NTU RGB+D's layout, to try everything without the data set")
  .requiredOption('--out <folder>', 'where nturgb+d_skeletons and nturgb+d_rgb go')
  .option('--samples-per-class <count>', 'clips of each class (default: 96)', whole)
  .option('--classes <list>', 'actions, with commas, or how many (default: 12)', classes)
  .option('--persons <count>', 'bodies of each clip: 1 or 2 (default: 1)', whole)
  .option('--subjects <count>', 'persons who act (default: 16)', whole)
  .option('--views <count>', 'cameras (default: 3)', whole)
  .option('--frames <count>', 'frames of the skeletons', whole, 32)
  .option('--video-frames <count>', 'frames of the videos', whole, 16)
  .option('--size <pixels>', 'side of the videos (default: 32)', whole)
  .option('--seed <number>', 'seed of everything (default: 0)', number)
  .option('--lossless', 'videos without loss')
  .action(async (flags: Flags) => {
    const { signal, close } = stopping();
    const line = progressLine();
    try {
      const { samplesPerClass, persons, subjects, views, seed } = flags;
      const { clips, skeletons, videos } = await writeNtuLayout(flags['out'], {
        samplesPerClass,
        classes: flags['classes'],
        persons,
        subjects,
        views,
        seed,
        frames: { skeleton: flags['frames'], rgb: flags['videoFrames'] },
        resolution: flags['size'],
        quality: flags['lossless'] ? 'lossless' : undefined,
        signal,
        onProgress({ done, total, remaining = 0 }) {
          line.show(done / total, `${done} of ${total} clips, about ${Math.round(remaining)} s left`);
        },
      });
      line.close();
      console.log(`${clips.length} clips: ${skeletons}, ${videos}`);
    } finally {
      line.close();
      close();
    }
  });

/** The exit code: 0, 1 for data that can't be used, 2 for a wrong command line, 130 for a stop. */
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = codeOf(error);
}

function codeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof Stopped) {
    console.error('Stopped; what is finished is kept, and the same command goes on from there.');
    return 130;
  }
  const isExpected = error instanceof DatasetError || (error as NodeJS.ErrnoException)?.code !== undefined;
  const { message, stack } = error as Error;
  console.error(program.opts()['debug'] || !isExpected ? stack : `amr-data: ${message}`);
  return 1;
}

function classes(text: string): number | string[] {
  return /^\d+$/.test(text) ? Number(text) : list(text);
}
