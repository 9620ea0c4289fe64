import { Command, Option } from 'commander';
import type { FolderOptions } from '../sets/folder/folderFormat.js';
import type { ImigueOptions } from '../sets/imigue/imigueFormat.js';
import type { NtuOptions } from '../sets/ntu/ntuFormat.js';
import type { NtuSkeletonOptions } from '../sets/ntu/skeletonClip.js';
import type { PysklOptions } from '../sets/pyskl/pysklFormat.js';
import type { UtdMhadFormatOptions } from '../sets/utdMhad/utdMhadFormat.js';
import { frameSamplings } from '../video/frameSampling.js';
import type { VideoOptions } from '../video/videoOptions.js';
import { parseCount, parseCounts, parseList, parseModalities, parseNumber, parseSize } from './parseFlags.js';

/** Options as commander parses them: `--no-center` becomes `center: false`. */
// biome-ignore lint/suspicious/noExplicitAny: each command adds its own, which the format checks
export type Flags = { [name: string]: any };

/** A command of `amr-data prepare` for one format. */
interface DataSetCommand {
  /** The command with the format's options. */
  command: Command;
  /** Converts flags into options of the format. */
  optionsOf(flags: Flags): object;
}

/** The commands of `amr-data prepare`, one for each format. */
export const dataSets = (): DataSetCommand[] => [
  ntu('ntu60', 'NTU RGB+D 60: .skeleton files, and .avi videos'),
  ntu('ntu120', 'NTU RGB+D 120: .skeleton files, and .avi videos'),
  imigue(),
  pyskl(),
  utdMhad(),
  folder(),
];

function ntu(name: string, description: string): DataSetCommand {
  const command = new Command(name)
    .description(description)
    .requiredOption('--skeletons <folder>', 'folder of the .skeleton files')
    .option('--videos <folder>', 'folder of the videos (default: only skeletons)')
    .option(
      '--classes <list>',
      'actions by number or name, separated by commas: 1,6,23 (default: all)',
      parseList,
    )
    .option('--persons <count>', 'bodies per sample: 1 or 2 (default: 2)', parseCount);
  skeletonOptions(command);
  command
    .option('--no-denoise', 'keep bodies that are not persons')
    .addOption(
      new Option(
        '--empty-frames <how>',
        'how to treat frames without a body (default: drop; with videos: repeat)',
      ).choices(['drop', 'keep', 'repeat']),
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
    .description('iMiGUE: key points and labels as .csv files, and videos')
    .requiredOption('--skeletons <folder>', 'folder of the NNNN_light_hand.csv and NNNN_label.csv files')
    .option('--videos <folder>', 'folder of the videos (default: only key points)')
    .addOption(new Option('--joints <which>', 'which key points (default: upper)').choices(['upper', 'all']));
  skeletonOptions(command);
  command
    .option('--min-frames <count>', 'minimal number of frames of a gesture (default: 1)', parseCount)
    .option('--picture <size>', 'picture size of the key points (default: 1280x720)', parseSize)
    .option('--exclude <list>', 'numbers of videos to skip (default: 218,319,347,348)', parseCounts)
    .option(
      '--frames-per-second <rate>',
      "frame rate of the key points (default: each video's own)",
      parseNumber,
    );
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
    .requiredOption('--file <file>', 'path of the pickle')
    .option('--videos <folder>', 'folder of the videos (default: only skeletons)')
    .option(
      '--classes <list>',
      "names of the classes, separated by commas (default: NTU's, or numbers)",
      parseList,
    )
    .option('--persons <count>', 'persons per sample (default: 2)', parseCount);
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
      'UTD-MHAD: Depth.zip, Skeleton.zip, Inertial.zip and RGB-part1.zip to RGB-part4.zip, or unpacked folders',
    )
    .requiredOption('--root <folder>', 'folder of the archives, or of the unpacked folders')
    .option('--modalities <list>', 'some of depth,skeleton,inertial,rgb (default: all that exist)', parseList)
    .option('--frames <count>', 'frames per skeleton clip (default: 64)', parseCount)
    .option('--inertial-frames <count>', 'values per inertial series (default: 128)', parseCount)
    .option('--depth-frames <count>', 'frames per depth clip (default: 16)', parseCount)
    .option('--depth-size <pixels>', 'side of the depth pictures (default: 64)', parseCount);
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
    .requiredOption('--root <folder>', 'folder with a folder for each modality')
    .option(
      '--modalities <json>',
      'which folders, and the meaning of their arrays: {"emg":{"unit":"volts"}}',
      parseModalities,
    )
    .option('--persons <count>', 'bodies per .skeleton file: 1 or 2 (default: 2)', parseCount);
  skeletonOptions(command);
  command.option('--no-denoise', 'keep bodies that are not persons');
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
    .option('--frames <count>', 'frames per skeleton clip (default: 64)', parseCount)
    .addOption(
      new Option('--fit <how>', 'how clips get this number of frames (default: resample)').choices([
        'resample',
        'pad',
        'loop',
      ]),
    );
}

function spineOptions(command: Command): void {
  command
    .option('--no-center', "keep the position of skeletons (default: the first frame's spine is the origin)")
    .option('--align-view', "rotate the first frame's spine and shoulders onto the z and x axes");
}

function videoOptions(command: Command): void {
  command
    .option('--video-frames <count>', 'frames per video (default: 32)', parseCount)
    .option('--size <pixels>', 'side of the square pictures (default: 128)', parseCount)
    .addOption(
      new Option('--sampling <how>', 'how frames are chosen (default: uniform)').choices([...frameSamplings]),
    )
    .option('--stride <count>', 'distance between dense frames (default: 1)', parseCount)
    .addOption(
      new Option('--crop <how>', 'which part of the pictures is kept (default: person)').choices([
        'person',
        'center',
        'stretch',
        'letterbox',
      ]),
    )
    .option(
      '--margin <fraction>',
      "margin of the person's box, as a fraction of its side (default: 0.25)",
      parseNumber,
    )
    .option('--video-seed <number>', 'seed of random frames (default: nothing is random)', parseNumber)
    .option('--keep-broken-videos', 'use the readable frames of damaged videos, instead of failing')
    .option('--ffmpeg <program>', 'path of ffmpeg (default: FFMPEG_PATH, PATH or ffmpeg-static)');
}

/** Only options that differ from the defaults, since the format defines the defaults. */
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

/** The options that have a value; undefined when none has. */
function given<T extends object>(options: T): T | undefined {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined;
}
