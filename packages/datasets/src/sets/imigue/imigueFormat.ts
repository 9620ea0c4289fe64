import { basename } from 'node:path';
import { imigueUpperBody } from '@amr/internal';
import { DatasetError } from '../../datasetError.js';
import { checkCount, optionKeys, rejectUnknownOptions } from '../../options.js';
import { filesBelow, videosBelow } from '../../source/filesBelow.js';
import { readText, readWholeFile } from '../../source/readWholeFile.js';
import type {
  ListedSample,
  Listing,
  ReadSample,
  SkippedSample,
  SourceFormat,
} from '../../source/sourceFormat.js';
import { probeVideo } from '../../video/probeVideo.js';
import { readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { fitKeypoints } from '../keypoints/fitKeypoints.js';
import { keypointBox } from '../keypoints/keypointBox.js';
import { inPictureHeights, keypointUnit, type PictureSize } from '../keypoints/pictureHeights.js';
import type { SkeletonFit } from '../ntu/normalize.js';
import { imigueClasses } from './classNames.js';
import { imigueJoints, KeypointFile } from './keypointFile.js';
import { type GestureLine, parseLabelFile } from './labelFile.js';
import { imigueSplits, imigueUnusable } from './splits.js';

/** How iMiGUE's key points become arrays of one shape. Plain data. */
export interface ImigueSkeletonOptions {
  /**
   * Which key points: `'upper'`, the 22 above the hips that the seated players show (layout `'imigue-upper'` of `@amr/encoders`), or
   * `'all'` 35 (layout `'imigue'`). Default `'upper'`.
   */
  joints?: 'upper' | 'all';
  /** Frames of each sample's key points. Default 64. */
  frames?: number;
  /** How a gesture comes to have so many: evenly over all of it, with zeros behind its end, or from its beginning again. Default `'resample'`. */
  fit?: SkeletonFit;
}

/** What {@link imigue} reads, and how. Plain data. */
export interface ImigueOptions {
  /** A folder with `NNNN_light_hand.csv` and `NNNN_label.csv` of the videos, in it or in folders of it. */
  skeletons: string;
  /** How key points are prepared. */
  skeleton?: ImigueSkeletonOptions;
  /** The least frames that a gesture must have: one with fewer is a damaged sample. Default 1. */
  minFrames?: number;
  /** Size of the pictures that the key points were found in, in pixels. Default 1280 x 720, the published videos'. */
  picture?: PictureSize;
  /** Numbers of videos to leave out. Default 218, 319, 347 and 348, which have no usable skeletons. */
  exclude?: number[];
  /** A folder with `NNNN.mp4` (or other videos of these names), in it or in folders of it; videos without are left out. */
  videos?: string;
  /** How videos are read. */
  video?: VideoOptions;
  /**
   * Frames of the key points in a second, by which videos are cut. Default: each video's own rate, since the key points were found in
   * its frames; give it when the videos were converted to another rate.
   */
  framesPerSecond?: number;
}

/** Bytes of a label file: gestures of a video fill a few hundred. */
const mostLabelBytes = 2 ** 24;

/** What reading a sample needs beside its name. */
type Part = GestureLine & {
  /** The file with the gesture's line. */
  labels: string;
};

/**
 * iMiGUE (Liu et al., "iMiGUE: An Identity-Free Video Dataset for Micro-Gesture Understanding and Emotion Analysis", CVPR 2021): 359
 * videos of 72 tennis players after a match, cut into the gestures of their label files, of 32 classes.
 *
 * Modality `skeleton`, kind `'keypoints'`: `[1, frames, 22 or 35, 3]` of x, y and score, x and y in picture heights from the picture's
 * middle, x to the right and y up; a point that wasn't found is all zero. With `videos`, `rgb` beside it, cut by the same times and,
 * with `crop: 'person'`, to the square around the gesture's points. Samples are named `<video>_<gesture>`, gestures of a video counted
 * from 0 in the order of its label file, and have the tag `video`. Split `xsub` is that of the authors' code: 104 videos test, all others train.
 * A line that makes no sense, a gesture that is too short or outside of its video's frames, and key points that can't be read are
 * damaged samples, with file and line.
 *
 * The data set's download names no columns. What is assumed is what the published readers of the MiGA challenges do: the label's
 * frames are those of the key points' first column, which counts from 0; the last one belongs to the gesture; 99 is the 32nd class.
 */
export const imigue: SourceFormat<ImigueOptions> = {
  name: 'imigue',

  async list(options, signal) {
    const { frames, joints, exclude } = checkOptions(options);
    const found = filesByVideo(await filesBelow(options.skeletons));
    const videos = options.videos === undefined ? undefined : await videosBelow(options.videos);
    const skipped: SkippedSample[] = [];
    const samples: ListedSample[] = [];
    for (const [id, { keypoints, labels }] of found) {
      signal?.throwIfAborted();
      const number = Number(id);
      const video = videos?.get(id);
      const missing = exclude.includes(number)
        ? 'it is one of the excluded videos'
        : !labels
          ? `there is no ${id}_label.csv beside its key points`
          : !keypoints
            ? `there is no ${id}_light_hand.csv beside its labels`
            : videos && !video
              ? `no video of that name is in ${options.videos}`
              : undefined;
      if (missing !== undefined) {
        skipped.push({ id, reason: missing });
        continue;
      }
      const text = await readText(labels!, mostLabelBytes, signal);
      for (const [i, gesture] of parseLabelFile(text, labels!).entries()) {
        samples.push({
          id: `${id}_${i}`,
          label: gesture.label,
          tags: { video: number },
          files: { skeleton: keypoints!, ...(video && { rgb: video }) },
          part: { ...gesture, labels: labels! } satisfies Part,
        });
      }
    }
    if (samples.length === 0) {
      throw new DatasetError(
        'no gesture was found; expected pairs of files such as 0001_light_hand.csv and 0001_label.csv',
        { file: options.skeletons },
      );
    }
    return {
      dataset: 'imigue',
      classes: imigueClasses,
      modalities: {
        skeleton: {
          dtype: 'float32',
          shape: [1, frames, joints.length, 3],
          kind: 'keypoints',
          unit: keypointUnit,
        },
        ...(videos && { rgb: videoModality(options.video) }),
      },
      samples,
      splits: imigueSplits,
      skipped,
    } satisfies Listing;
  },

  async read(sample, options, signal): Promise<ReadSample> {
    const { frames, fit, joints, picture, minFrames } = checkOptions(options);
    const { labels, line, start, end, fault } = sample.part as Part;
    const wrong = (reason: string) => new DatasetError(reason, { file: labels, line });
    if (fault !== undefined) throw wrong(fault);
    const total = end - start + 1;
    if (total < minFrames)
      throw wrong(`the gesture has ${total} frames, at least ${minFrames} were expected`);
    const file = await keypointFile(sample.files.skeleton!);
    signal?.throwIfAborted();
    const last = file.first + file.frames - 1;
    if (start < file.first || end > last) {
      throw wrong(
        `frames ${start} to ${end} were found, ${basename(sample.files.skeleton!)} has ${file.first} to ${last}`,
      );
    }
    const points = file.read(start, end);
    const values = new Float32Array(total * joints.length * 3);
    let next = 0;
    for (let frame = 0; frame < total; frame++) {
      for (const joint of joints) {
        const at = (frame * imigueJoints + joint) * 3;
        values.set(inPictureHeights(points[at]!, points[at + 1]!, points[at + 2]!, picture), next);
        next += 3;
      }
    }
    const clip = { values, persons: 1, frames: total, joints: joints.length };
    const skeleton = fitKeypoints(clip, frames, fit);
    const { rgb } = sample.files;
    if (rgb === undefined) return { arrays: { skeleton }, facts: { frames: total } };
    const rate = options.framesPerSecond ?? (await rateOf(rgb, options.video, signal));
    const box = await keypointBox(rgb, foundPixels(points), picture, options.video, signal);
    const span = { from: start / rate, to: (end + 1) / rate };
    const video = await readVideo(rgb, options.video, { span, box, signal });
    return { arrays: { skeleton, rgb: video.pixels }, facts: { frames: total, videoFrames: video.frames } };
  },
};

const imigueKeys = optionKeys<ImigueOptions>({
  skeletons: true,
  skeleton: true,
  minFrames: true,
  picture: true,
  exclude: true,
  videos: true,
  video: true,
  framesPerSecond: true,
});
const skeletonKeys = optionKeys<ImigueSkeletonOptions>({ joints: true, frames: true, fit: true });

function checkOptions(options: ImigueOptions) {
  rejectUnknownOptions('imigue', options, imigueKeys);
  const { skeletons, skeleton = {}, minFrames = 1, framesPerSecond } = options;
  rejectUnknownOptions('skeleton', skeleton, skeletonKeys);
  const { joints = 'upper', frames = 64, fit = 'resample' } = skeleton;
  const { exclude = imigueUnusable, picture = { width: 1280, height: 720 } } = options;
  if (typeof skeletons !== 'string' || skeletons === '') {
    throw new DatasetError('skeletons: a folder with files such as 0001_light_hand.csv was expected');
  }
  if (joints !== 'upper' && joints !== 'all') {
    throw new DatasetError(`skeleton.joints: '${joints}' was given, 'upper' or 'all' was expected`);
  }
  checkCount('skeleton.frames', frames);
  if (!['resample', 'pad', 'loop'].includes(fit)) {
    throw new DatasetError(`skeleton.fit: '${fit}' was given, 'resample', 'pad' or 'loop' was expected`);
  }
  checkCount('minFrames', minFrames);
  checkCount('picture.width', picture.width);
  checkCount('picture.height', picture.height);
  for (const video of exclude) checkCount('exclude', video, 0);
  if (framesPerSecond !== undefined && !(framesPerSecond > 0 && framesPerSecond <= 1000)) {
    throw new DatasetError(`framesPerSecond: ${framesPerSecond} was given, a number up to 1000 was expected`);
  }
  checkVideoOptions(options.video);
  if (options.video && options.videos === undefined) {
    throw new DatasetError(
      'video: options of videos were given, expected the folder of the videos too, as videos',
    );
  }
  const all = Array.from({ length: imigueJoints }, (_, joint) => joint);
  return { frames, fit, minFrames, picture, exclude, joints: joints === 'upper' ? imigueUpperBody : all };
}

/** Key points and labels by the video's four digits, in their order. */
function filesByVideo(files: readonly string[]): Map<string, { keypoints?: string; labels?: string }> {
  const videos = new Map<string, { keypoints?: string; labels?: string }>();
  for (const file of files) {
    const [, id, kind] = /^(\d{4})_(light_hand|label)\.csv$/.exec(basename(file)) ?? [];
    if (id === undefined) continue;
    const key = kind === 'label' ? 'labels' : 'keypoints';
    const video = videos.get(id) ?? {};
    if (video[key] !== undefined) {
      throw new DatasetError(
        `there is another file of that name, ${video[key]}; give a folder with one of them`,
        { file },
      );
    }
    videos.set(id, { ...video, [key]: file });
  }
  return new Map([...videos].sort(([a], [b]) => Number(a) - Number(b)));
}

/** The last file of key points: samples are read in the order of their videos, and each has many. */
let kept: { path: string; content: Promise<KeypointFile> } | undefined;

function keypointFile(path: string): Promise<KeypointFile> {
  if (kept?.path !== path) {
    const content = readWholeFile(path).then((bytes) => new KeypointFile(bytes, path));
    const entry = { path, content };
    kept = entry;
    // A file that couldn't be read is tried again.
    content.catch(() => {
      if (kept === entry) kept = undefined;
    });
  }
  return kept!.content;
}

/** Column and row of the points that were found, one after the other. */
function foundPixels(points: Float32Array): number[] {
  const found: number[] = [];
  for (let i = 0; i < points.length; i += 3) if (points[i + 2]! > 0) found.push(points[i]!, points[i + 1]!);
  return found;
}

async function rateOf(file: string, options: VideoOptions = {}, signal?: AbortSignal): Promise<number> {
  const { ffmpeg, timeLimit } = options;
  const { framesPerSecond } = await probeVideo(file, { ffmpeg, timeLimit, signal });
  if (framesPerSecond > 0) return framesPerSecond;
  throw new DatasetError("it doesn't say how many frames a second has; give framesPerSecond", { file });
}
