import { basename } from 'node:path';
import { imigueUpperBody } from '@amr/internal';
import { DatasetError } from '../../datasetError.js';
import { checkCount, checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
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
import { type SkeletonFit, skeletonFits } from '../fitToFrames.js';
import { checkPath, checkVideosFolder } from '../formatChecks.js';
import { fitKeypoints } from '../keypoints/fitKeypoints.js';
import { keypointBox } from '../keypoints/keypointBox.js';
import { inPictureHeights, keypointUnit, type PictureSize } from '../keypoints/pictureHeights.js';
import { imigueClasses } from './classNames.js';
import { imigueJoints, KeypointFile } from './keypointFile.js';
import { type GestureLine, parseLabelFile } from './labelFile.js';
import { imigueSplits, imigueUnusable } from './splits.js';

/** Options of making arrays of fixed shape from iMiGUE's key points. Plain data. */
export interface ImigueSkeletonOptions {
  /**
   * Which key points: `'upper'`, the 22 above the hips, which seated players show (layout `'imigue-upper'` of `@amr/encoders`), or
   * `'all'` 35 (layout `'imigue'`). Default `'upper'`.
   */
  joints?: 'upper' | 'all';
  /** Number of frames of each sample. Default 64. */
  frames?: number;
  /** How a gesture gets this number of frames: see {@link SkeletonFit}. Default `'resample'`. */
  fit?: SkeletonFit;
}

/** Options of {@link imigue}. Plain data. */
export interface ImigueOptions {
  /** Folder of the videos' `NNNN_light_hand.csv` and `NNNN_label.csv`, including sub-folders. */
  skeletons: string;
  /** How key points are prepared. */
  skeleton?: ImigueSkeletonOptions;
  /** Minimal number of frames of a gesture. One with fewer is a damaged sample. Default 1. */
  minFrames?: number;
  /** Size, in pixels, of the pictures in which the key points were found. Default 1280 x 720, as in the published videos. */
  picture?: PictureSize;
  /** Numbers of videos to skip. Default 218, 319, 347 and 348, which have no usable skeletons. */
  exclude?: number[];
  /** Folder with `NNNN.mp4` (or other videos of these names), including sub-folders. Gestures without a video are skipped. */
  videos?: string;
  /** How videos are read. */
  video?: VideoOptions;
  /**
   * Frames of the key points per second, which videos are cut by. Default: each video's own rate, since the key points were found in
   * its frames. Set it when the videos were converted to another rate.
   */
  framesPerSecond?: number;
}

/** Limit of a label file's bytes. The gestures of a video fill a few hundred. */
const MAX_LABEL_BYTES = 2 ** 24;

/** What reading a sample needs besides its files. */
type Part = GestureLine & {
  /** The file with the gesture's line. */
  labels: string;
};

/**
 * iMiGUE (Liu et al., "iMiGUE: An Identity-Free Video Dataset for Micro-Gesture Understanding and Emotion Analysis", CVPR 2021): 359
 * videos of 72 tennis players after a match, cut into the gestures of their label files, of 32 classes.
 *
 * Modality `skeleton`, kind `'keypoints'`: `[1, frames, 22 or 35, 3]` of x, y and score, x and y in picture heights from the picture's
 * middle, x to the right and y up; a point that wasn't found is all zero. With `videos` also `rgb`, cut to the same time and, with
 * `crop: 'person'`, to the square around the gesture's points. Samples are named `<video>_<gesture>`, where gestures are counted from
 * 0 in the order of the label file, and have the tag `video`. Split `xsub` is that of the authors' code: 104 test videos, all others
 * train. Invalid lines, gestures that are too short or outside their video's frames, and key points that can't be read are damaged
 * samples, with file and line.
 *
 * The columns of the files have no names. Like the published readers of the MiGA challenges, this one assumes that the label's frames
 * are those of the key points' first column, which counts from 0; that the last frame belongs to the gesture; and that 99 is the 32nd
 * class.
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
      const text = await readText(labels!, MAX_LABEL_BYTES, signal);
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
        'got no gesture; expected pairs of files such as 0001_light_hand.csv and 0001_label.csv.',
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
    const invalid = (reason: string) => new DatasetError(reason, { file: labels, line });
    if (fault !== undefined) throw invalid(fault);
    const total = end - start + 1;
    if (total < minFrames) {
      throw invalid(`got a gesture of ${total} frames; expected at least ${minFrames} (minFrames).`);
    }
    const file = await keypointFile(sample.files.skeleton!);
    signal?.throwIfAborted();
    const last = file.first + file.frames - 1;
    if (start < file.first || end > last) {
      const name = basename(sample.files.skeleton!);
      throw invalid(
        `got frames ${start} to ${end}; expected frames from ${file.first} to ${last}, as in ${name}.`,
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
  checkPath('skeletons', skeletons, 'the path of a folder with files such as 0001_light_hand.csv');
  checkOneOf('skeleton.joints', joints, ['upper', 'all']);
  checkCount('skeleton.frames', frames);
  checkOneOf('skeleton.fit', fit, skeletonFits);
  checkCount('minFrames', minFrames);
  checkCount('picture.width', picture.width);
  checkCount('picture.height', picture.height);
  for (const video of exclude) checkCount('exclude', video, 0);
  const isRate = framesPerSecond === undefined || (framesPerSecond > 0 && framesPerSecond <= 1000);
  checkOption('framesPerSecond', framesPerSecond, isRate, 'a number above 0, at most 1000');
  checkVideoOptions(options.video);
  checkVideosFolder(options);
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
        `got another file of this name, ${video[key]}; expected one. Choose a folder with one of them.`,
        { file },
      );
    }
    videos.set(id, { ...video, [key]: file });
  }
  return new Map([...videos].sort(([a], [b]) => Number(a) - Number(b)));
}

/** The file of key points that was read last. Samples are read in the order of their videos, and a video has many. */
let cached: { path: string; content: Promise<KeypointFile> } | undefined;

function keypointFile(path: string): Promise<KeypointFile> {
  if (cached?.path !== path) {
    const content = readWholeFile(path).then((bytes) => new KeypointFile(bytes, path));
    const entry = { path, content };
    cached = entry;
    // After an error the next sample tries again.
    content.catch(() => {
      if (cached === entry) cached = undefined;
    });
  }
  return cached!.content;
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
  throw new DatasetError(
    'got a video without frames per second; expected the rate. Set the option framesPerSecond.',
    { file },
  );
}
