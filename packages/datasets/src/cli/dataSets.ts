import { Command, InvalidArgumentError, Option } from 'commander';
import type { FolderModality, FolderOptions } from '../sets/folder/folderFormat.js';
import type { ImigueOptions } from '../sets/imigue/imigueFormat.js';
import type { NtuOptions } from '../sets/ntu/ntuFormat.js';
import type { NtuSkeletonOptions } from '../sets/ntu/skeletonClip.js';
import type { PysklOptions } from '../sets/pyskl/pysklFormat.js';
import type { UtdMhadFormatOptions } from '../sets/utdMhad/utdMhadFormat.js';
import { frameSamplings } from '../video/frameSampling.js';
import type { VideoOptions } from '../video/videoOptions.js';

/** What commander makes of a command line: `--no-center` is `center: false`. */
// biome-ignore lint/suspicious/noExplicitAny: each command adds its own, checked by the format
export type Flags = { [name: string]: any };

/** A data set that `amr-data prepare` has a command for. */
export interface DataSetCommand {
  /** The command with the data set's own options. */
  command: Command;
  /** What they are to the data set's format. */
  optionsOf(flags: Flags): object;
}

/** The commands of `amr-data prepare`, one for each data set. */
export const dataSets = (): DataSetCommand[] => [
  ntu('ntu60', 'NTU RGB+D 60: .skeleton files, and .avi videos beside them'),
  ntu('ntu120', 'NTU RGB+D 120: .skeleton files, and .avi videos beside them'),
  imigue(),
  pyskl(),
  utdMhad(),
  folder(),
];

function ntu(name: string, description: string): DataSetCommand {
  const command = new Command(name)
    .description(description)
    .requiredOption('--skeletons <folder>', 'the .skeleton files')
    .option('--videos <folder>', 'the videos; without it skeletons alone are prepared')
    .option('--classes <list>', 'actions by number or name, with commas: 1,6,23 (default: all)', list)
    .option('--persons <count>', 'bodies of each sample: 1 or 2 (default: 2)', whole);
  skeletonOptions(command);
  command
    .option('--no-denoise', 'keep bodies that are no persons')
    .addOption(
      new Option('--empty-frames <how>', 'frames without a body (default: drop; with videos repeat)').choices(
        ['drop', 'keep', 'repeat'],
      ),
    );
  spineOptions(command);
  videoOptions(command);
  return {
    command,
    optionsOf: (flags): NtuOptions => ({
      skeletons: flags['skeletons'],
      videos: flags['videos'],
      classes: flags['classes']?.map((text: string) => (/^\d+$/.test(text) ? Number(text) : text)),
      skeleton: ntuSkeleton(flags),
      video: videoOf(flags),
    }),
  };
}

function imigue(): DataSetCommand {
  const command = new Command('imigue')
    .description('iMiGUE: key points and labels as .csv files, and videos beside them')
    .requiredOption('--skeletons <folder>', 'the NNNN_light_hand.csv and NNNN_label.csv files')
    .option('--videos <folder>', 'the videos; without it key points alone are prepared')
    .addOption(new Option('--joints <which>', 'key points (default: upper)').choices(['upper', 'all']));
  skeletonOptions(command);
  command
    .option('--min-frames <count>', 'the least frames of a gesture (default: 1)', whole)
    .option('--picture <size>', 'width x height of the key points (default: 1280x720)', size)
    .option('--exclude <list>', 'numbers of videos to leave out (default: 218,319,347,348)', wholes)
    .option('--frames-per-second <rate>', "the key points' rate (default: each video's own)", number);
  videoOptions(command);
  return {
    command,
    optionsOf: (flags): ImigueOptions => ({
      skeletons: flags['skeletons'],
      skeleton: given({ joints: flags['joints'], frames: flags['frames'], fit: flags['fit'] }),
      minFrames: flags['minFrames'],
      picture: flags['picture'],
      exclude: flags['exclude'],
      videos: flags['videos'],
      video: videoOf(flags),
      framesPerSecond: flags['framesPerSecond'],
    }),
  };
}

function pyskl(): DataSetCommand {
  const command = new Command('pyskl')
    .description("PYSKL's annotation pickles: ntu60_3danno.pkl, ntu60_hrnet.pkl, ...")
    .requiredOption('--file <file>', 'the pickle')
    .option('--videos <folder>', 'the videos; without it skeletons alone are prepared')
    .option('--classes <list>', "names of the classes, with commas (default: NTU's, or numbers)", list)
    .option('--persons <count>', 'persons of each sample (default: 2)', whole);
  skeletonOptions(command);
  spineOptions(command);
  videoOptions(command);
  return {
    command,
    optionsOf: (flags): PysklOptions => ({
      file: flags['file'],
      skeleton: given({
        persons: flags['persons'],
        frames: flags['frames'],
        fit: flags['fit'],
        ...spine(flags),
      }),
      classes: flags['classes'],
      videos: flags['videos'],
      video: videoOf(flags),
    }),
  };
}

function utdMhad(): DataSetCommand {
  const command = new Command('utd-mhad')
    .description(
      'UTD-MHAD: Depth.zip, Skeleton.zip, Inertial.zip and RGB-part1.zip to 4, or what was unpacked',
    )
    .requiredOption('--root <folder>', 'the folder of the archives, or of the folders from them')
    .option('--modalities <list>', 'some of depth,skeleton,inertial,rgb (default: all there are)', list)
    .option('--frames <count>', 'frames of each skeleton (default: 64)', whole)
    .option('--inertial-frames <count>', 'moments of each inertial series (default: 128)', whole)
    .option('--depth-frames <count>', 'frames of each depth clip (default: 16)', whole)
    .option('--depth-size <pixels>', 'side of the depth pictures (default: 64)', whole);
  videoOptions(command);
  return {
    command,
    optionsOf: (flags): UtdMhadFormatOptions => ({
      root: flags['root'],
      modalities: flags['modalities'],
      skeleton: given({ frames: flags['frames'] }),
      inertial: given({ frames: flags['inertialFrames'] }),
      depth: given({ frames: flags['depthFrames'], size: flags['depthSize'] }),
      video: videoOf(flags),
    }),
  };
}

function folder(): DataSetCommand {
  const command = new Command('folder')
    .description('your own data: ROOT/<modality>/<class>/<name>.<npy, npz, skeleton or any video>')
    .requiredOption('--root <folder>', 'the folder of the modalities')
    .option('--modalities <json>', 'which folders, and what they hold: {"emg":{"unit":"volts"}}', modalities)
    .option('--persons <count>', 'bodies of each .skeleton file: 1 or 2 (default: 2)', whole);
  skeletonOptions(command);
  command.option('--no-denoise', 'keep bodies that are no persons');
  spineOptions(command);
  videoOptions(command);
  return {
    command,
    optionsOf: (flags): FolderOptions => ({
      root: flags['root'],
      modalities: flags['modalities'],
      skeleton: ntuSkeleton(flags),
      video: videoOf(flags),
    }),
  };
}

function skeletonOptions(command: Command): void {
  command
    .option('--frames <count>', 'frames of each skeleton (default: 64)', whole)
    .addOption(
      new Option('--fit <how>', 'how there come to be so many (default: resample)').choices([
        'resample',
        'pad',
        'loop',
      ]),
    );
}

function spineOptions(command: Command): void {
  command
    .option('--no-center', "leave skeletons where they are, instead of at the first frame's spine")
    .option('--align-view', "turn skeletons by the first frame's spine and shoulders");
}

function videoOptions(command: Command): void {
  command
    .option('--video-frames <count>', 'frames of each video (default: 32)', whole)
    .option('--size <pixels>', 'side of the pictures (default: 128)', whole)
    .addOption(new Option('--sampling <how>', 'which frames (default: uniform)').choices([...frameSamplings]))
    .option('--stride <count>', 'frames from one dense frame to the next (default: 1)', whole)
    .addOption(
      new Option('--crop <how>', 'which part of the pictures (default: person)').choices([
        'person',
        'center',
        'stretch',
        'letterbox',
      ]),
    )
    .option('--margin <share>', "what is added to the person's box (default: 0.25)", number)
    .option('--video-seed <number>', 'seed of random frames (default: none is random)', number)
    .option('--keep-broken-videos', 'take the frames that there are of videos that are cut off')
    .option('--ffmpeg <program>', 'the ffmpeg to use');
}

/** Only what differs from the defaults: they belong to the format. */
const spine = (flags: Flags) => ({
  ...(flags['center'] === false && { center: false }),
  ...(flags['alignView'] && { alignView: true }),
});

function ntuSkeleton(flags: Flags): NtuSkeletonOptions | undefined {
  return given({
    persons: flags['persons'],
    frames: flags['frames'],
    fit: flags['fit'],
    emptyFrames: flags['emptyFrames'],
    ...(flags['denoise'] === false && { denoise: false as const }),
    ...spine(flags),
  });
}

function videoOf(flags: Flags): VideoOptions | undefined {
  return given({
    frames: flags['videoFrames'],
    size: flags['size'],
    sampling: flags['sampling'],
    stride: flags['stride'],
    crop: flags['crop'],
    margin: flags['margin'],
    seed: flags['videoSeed'],
    ...(flags['keepBrokenVideos'] && { damaged: 'keep' as const }),
    ffmpeg: flags['ffmpeg'],
  });
}

/** What was given of some options; undefined when none was. */
function given<T extends object>(options: T): T | undefined {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined;
}

/** A whole number from 0; what it may be is the format's to say. */
export function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A whole number was expected.');
  return Number(text);
}

export function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('A number was expected.');
  return value;
}

export const list = (text: string): string[] => text.split(',').map((part) => part.trim());
const wholes = (text: string): number[] => (text === '' ? [] : list(text).map(whole));

function size(text: string): { width: number; height: number } {
  const parts = /^(\d{1,6})x(\d{1,6})$/.exec(text);
  if (!parts) throw new InvalidArgumentError('Width and height such as 1280x720 were expected.');
  return { width: Number(parts[1]), height: Number(parts[2]) };
}

function modalities(text: string): { [name: string]: FolderModality } {
  try {
    const value = JSON.parse(text);
    if (value && typeof value === 'object' && !Array.isArray(value)) return value;
  } catch {
    // Told below, like other JSON that is no object.
  }
  throw new InvalidArgumentError('JSON such as {"emg":{"unit":"volts"},"rgb":{}} was expected.');
}
