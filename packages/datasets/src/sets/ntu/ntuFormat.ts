import { readFile, stat } from 'node:fs/promises';
import { DatasetError } from '../../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../../options.js';
import type {
  ListedSample,
  Listing,
  ReadSample,
  SkippedSample,
  SourceFormat,
} from '../../source/sourceFormat.js';
import type { SplitRule } from '../../source/splitRule.js';
import { type PersonBox, personBox } from '../../video/personBox.js';
import { probeVideo } from '../../video/probeVideo.js';
import { readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { ntu60Classes, ntu120Classes } from './classNames.js';
import { ntu60MissingSkeletons, ntu120MissingSkeletons } from './missingSkeletons.js';
import { sampleFiles } from './sampleFiles.js';
import { parseSampleName } from './sampleName.js';
import { checkSkeletonOptions, type NtuSkeletonOptions, skeletonClip } from './skeletonClip.js';
import { jointCount, jointValues, parseSkeletonFile, type SkeletonRecording } from './skeletonFile.js';
import { ntu60Splits, ntu120Splits } from './splits.js';

/** Where NTU RGB+D is, and how it is read. Plain data. */
export interface NtuOptions {
  /** Folder of the `.skeleton` files, sub-folders included. */
  skeletons: string;
  /**
   * Folder of the RGB videos, sub-folders included: `S001C001P001R001A001_rgb.avi`, or any other kind of video under the same name.
   * Absent: samples have skeletons only.
   */
  videos?: string;
  /** Actions that are wanted, by number or name; their labels count in this order. Absent: all. */
  classes?: readonly (number | string)[];
  /** How skeletons are prepared. */
  skeleton?: NtuSkeletonOptions;
  /** How videos are prepared; `crop: 'person'` goes by the colour pixels that the skeleton files give each joint. */
  video?: VideoOptions;
}

/**
 * NTU RGB+D 60 (Shahroudy et al., CVPR 2016) as it is downloaded. A sample is a `.skeleton` file, and the `_rgb.avi` of the same
 * name when a folder of videos is given: modalities `skeleton` `[2, 64, 25, 3]` in metres and `rgb` `[32, 128, 128, 3]` in bytes,
 * other sizes by options. Splits `xsub` and `xview`; tags setup, camera, subject, replication, action; facts frames and bodies of
 * the file, and videoFrames. The 302 samples whose skeletons are missing or incomplete are left out, and so are those without a
 * video, or with nothing else. Files of actions above 60, as beside them in a folder of NTU RGB+D 120, are none of it.
 */
export const ntu60: SourceFormat<NtuOptions> = ntuFormat(
  'ntu60',
  ntu60Classes,
  ntu60MissingSkeletons,
  ntu60Splits,
);

/** NTU RGB+D 120 (Liu et al., TPAMI 2019) as it is downloaded: as {@link ntu60}, with splits `xsub` and `xset`, without 535 samples. */
export const ntu120: SourceFormat<NtuOptions> = ntuFormat(
  'ntu120',
  ntu120Classes,
  ntu120MissingSkeletons,
  ntu120Splits,
);

/** Characters of the largest file that is read: an hour of six bodies has as many. */
const mostBytes = 2 ** 28;

function ntuFormat(
  name: string,
  names: readonly string[],
  missing: ReadonlySet<string>,
  splits: { [split: string]: SplitRule },
): SourceFormat<NtuOptions> {
  return {
    name,

    async list(options, signal): Promise<Listing> {
      const { skeletons: skeletonFolder, videos: videoFolder, classes } = checkOptions(name, options);
      const { persons, frames } = checkSkeletonOptions(options.skeleton);
      const rgb = videoFolder === undefined ? undefined : videoModality(options.video);
      const actions = chosenActions(classes, names);
      const skeletons = await sampleFiles(skeletonFolder, (rest) => rest === '.skeleton', signal);
      const videos = videoFolder === undefined ? undefined : await sampleFiles(videoFolder, isVideo, signal);
      const samples: ListedSample[] = [];
      const skipped: SkippedSample[] = [];
      for (const id of [...new Set([...skeletons.keys(), ...(videos?.keys() ?? [])])].sort()) {
        const tags = parseSampleName(id)!;
        const label = actions.indexOf(tags.action);
        if (label < 0) continue;
        const skeleton = skeletons.get(id);
        const video = videos?.get(id);
        if (missing.has(id)) {
          skipped.push({
            id,
            reason: "its skeletons are missing or incomplete, says the data set's own list",
          });
        } else if (skeleton === undefined) {
          skipped.push({ id, reason: 'it has a video and no skeleton file' });
        } else if (videos && video === undefined) {
          skipped.push({ id, reason: 'it has a skeleton file and no video' });
        } else {
          samples.push({
            id,
            label,
            tags: { ...tags },
            files: { skeleton, ...(video !== undefined && { rgb: video }) },
          });
        }
      }
      if (samples.length === 0)
        throw new DatasetError(whyNone(skeletons, videos, skipped), { file: skeletonFolder });
      return {
        dataset: name,
        classes: actions.map((action) => names[action - 1]!),
        modalities: {
          skeleton: {
            dtype: 'float32',
            shape: [persons, frames, jointCount, 3],
            kind: 'skeleton',
            unit: 'metres',
          },
          ...(rgb && { rgb }),
        },
        samples,
        splits,
        skipped,
      };
    },

    async read(sample, options, signal): Promise<ReadSample> {
      const { skeleton: file, rgb } = sample.files as { skeleton: string; rgb?: string };
      const recording = await readSkeletons(file, signal);
      const emptyFrames = rgb === undefined ? ('drop' as const) : ('repeat' as const);
      const { joints, ids } = named(file, () =>
        skeletonClip(recording, { emptyFrames, ...options.skeleton }),
      );
      const facts = { frames: recording.frames, bodies: recording.bodies.length };
      if (rgb === undefined) return { arrays: { skeleton: joints }, facts };
      const box = await bodyBox(rgb, recording, ids, options.video, signal);
      const video = await readVideo(rgb, options.video, { box, signal });
      return {
        arrays: { skeleton: joints, rgb: video.pixels },
        facts: { ...facts, videoFrames: video.frames },
      };
    },
  };
}

/**
 * The recording in a `.skeleton` file.
 * @throws {DatasetError} with `file`, and the line, when it can't be read or isn't one
 */
export async function readSkeletons(file: string, signal?: AbortSignal): Promise<SkeletonRecording> {
  let text: string;
  try {
    const found = await stat(file);
    // A pipe or a device may never end.
    if (!found.isFile()) throw new DatasetError('a file was expected, this is none', { file });
    const { size } = found;
    if (size > mostBytes) {
      throw new DatasetError(`the file has ${size} bytes, a recording has at most ${mostBytes}`, { file });
    }
    text = await readFile(file, { encoding: 'latin1', signal });
  } catch (cause) {
    if (cause instanceof DatasetError || signal?.aborted) throw cause;
    throw new DatasetError(`the file can't be read: ${(cause as Error).message}`, { file, cause });
  }
  return parseSkeletonFile(text, file);
}

/** The box around the chosen bodies, in the pixels of the video; the file's are those of the sensor's 1920 x 1080 picture. */
export async function bodyBox(
  video: string,
  recording: SkeletonRecording,
  ids: readonly string[],
  options: VideoOptions = {},
  signal?: AbortSignal,
): Promise<PersonBox | undefined> {
  const { crop, margin, ffmpeg, timeLimit } = checkVideoOptions(options);
  if (crop !== 'person') return undefined;
  const { width, height } = await probeVideo(video, { ffmpeg, timeLimit, signal });
  const scale = [width / 1920, height / 1080];
  const pixels = recording.bodies
    .filter(({ id }) => ids.includes(id))
    .flatMap((body) =>
      Array.from(jointValues(body, ['colorX', 'colorY']), (value, i) => value * scale[i % 2]!),
    );
  return personBox(pixels, { width, height, margin });
}

const ntuKeys = optionKeys<NtuOptions>({
  skeletons: true,
  videos: true,
  classes: true,
  skeleton: true,
  video: true,
});

function checkOptions(name: string, options: NtuOptions): NtuOptions {
  rejectUnknownOptions(name, options, ntuKeys);
  if (options.skeletons === undefined) {
    throw new DatasetError('skeletons: expected the folder of the .skeleton files');
  }
  if (options.video !== undefined && options.videos === undefined) {
    throw new DatasetError(
      'video: options of videos were given, expected the folder of the videos too, as videos',
    );
  }
  return options;
}

/** Numbers of the wanted actions, in the order of their labels. */
function chosenActions(classes: NtuOptions['classes'], names: readonly string[]): number[] {
  if (classes === undefined) return names.map((_, i) => i + 1);
  const actions = classes.map((wanted) => {
    const action = typeof wanted === 'number' ? wanted : names.indexOf(wanted) + 1;
    if (!Number.isInteger(action) || action < 1 || action > names.length) {
      throw new DatasetError(
        `classes: there is no action ${typeof wanted === 'number' ? wanted : `'${wanted}'`}, expected numbers from 1 to ${names.length}, or names such as '${names[0]}'`,
      );
    }
    return action;
  });
  if (actions.length === 0 || new Set(actions).size < actions.length) {
    throw new DatasetError(`classes: [${classes}] was given, expected one action or more, each once`);
  }
  return actions;
}

/** Anything that ffmpeg may read: whatever isn't a sample of another modality. */
const isVideo = (rest: string) =>
  /^(_rgb)?\.[^.]+$/.test(rest) && !/^\.(skeleton|txt|json|npy|mat|md5)$/.test(rest);

function whyNone(
  skeletons: ReadonlyMap<string, string>,
  videos: ReadonlyMap<string, string> | undefined,
  skipped: readonly SkippedSample[],
): string {
  const found = `found ${skeletons.size} skeleton files${videos ? ` and ${videos.size} videos` : ''}`;
  if (skipped.length > 0) return `${found}; of the first, ${skipped[0]!.id}, ${skipped[0]!.reason}`;
  return `${found} of these actions; expected files named as S001C001P001R001A001.skeleton`;
}

/** Errors of what a file holds say which. */
function named<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof DatasetError && error.file === undefined) {
      throw new DatasetError(error.reason, { file, cause: error });
    }
    throw error;
  }
}
