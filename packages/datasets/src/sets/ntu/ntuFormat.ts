import { readFile, stat } from 'node:fs/promises';
import { formatValue } from '@amr/internal';
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
import { withFile } from '../../source/withFile.js';
import { type PersonBox, personBox } from '../../video/personBox.js';
import { probeVideo } from '../../video/probeVideo.js';
import { readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { checkPath, checkVideosFolder } from '../formatChecks.js';
import { ntu60Classes, ntu120Classes } from './classNames.js';
import { ntu60MissingSkeletons, ntu120MissingSkeletons } from './missingSkeletons.js';
import { parseSkeletonFile } from './parseSkeletonFile.js';
import { sampleFiles } from './sampleFiles.js';
import { parseSampleName } from './sampleName.js';
import { checkSkeletonOptions, type NtuSkeletonOptions, skeletonClip } from './skeletonClip.js';
import { jointCount, jointValues, type SkeletonRecording } from './skeletonFile.js';
import { ntu60Splits, ntu120Splits } from './splits.js';

/** Options of {@link ntu60} and {@link ntu120}. Plain data. */
export interface NtuOptions {
  /** Folder of the `.skeleton` files, including sub-folders. */
  skeletons: string;
  /**
   * Folder of the RGB videos, including sub-folders: `S001C001P001R001A001_rgb.avi`, or another kind of video with this name.
   * Default: samples have skeletons only.
   */
  videos?: string;
  /** Actions by number or name; their labels are counted in this order. Default: all. */
  classes?: readonly (number | string)[];
  /** How skeletons are prepared. */
  skeleton?: NtuSkeletonOptions;
  /** How videos are prepared. `crop: 'person'` uses the colour pixels that the skeleton files give for each joint. */
  video?: VideoOptions;
}

/**
 * NTU RGB+D 60 (Shahroudy et al., CVPR 2016) as it is downloaded. A sample is a `.skeleton` file and, when a folder of videos is
 * given, the `_rgb.avi` of the same name: modalities `skeleton` `[2, 64, 25, 3]` in metres and `rgb` `[32, 128, 128, 3]` in bytes;
 * options change the sizes. Splits `xsub` and `xview`; tags setup, camera, subject, replication, action; facts frames and bodies of
 * the file, and videoFrames. Skipped are the 302 samples whose skeletons are missing or incomplete, samples without a video, and
 * videos without skeletons. Files of actions above 60, in a folder of NTU RGB+D 120, don't count.
 */
export const ntu60: SourceFormat<NtuOptions> = ntuFormat(
  'ntu60',
  ntu60Classes,
  ntu60MissingSkeletons,
  ntu60Splits,
);

/** NTU RGB+D 120 (Liu et al., TPAMI 2019) as it is downloaded, like {@link ntu60}. Splits `xsub` and `xset`; 535 samples are skipped. */
export const ntu120: SourceFormat<NtuOptions> = ntuFormat(
  'ntu120',
  ntu120Classes,
  ntu120MissingSkeletons,
  ntu120Splits,
);

/** Limit of a file's bytes: those of an hour with six bodies. */
const MAX_BYTES = 2 ** 28;

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
      if (samples.length === 0) {
        throw new DatasetError(explainEmpty(skeletons, videos, skipped), { file: skeletonFolder });
      }
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
      const { joints, ids } = withFile(file, () =>
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
 * @throws {DatasetError} with `file`, and the line, when the file can't be read or is not a recording
 */
export async function readSkeletons(file: string, signal?: AbortSignal): Promise<SkeletonRecording> {
  let text: string;
  try {
    const found = await stat(file);
    // Reading a pipe or a device might never end.
    if (!found.isFile()) {
      throw new DatasetError('got something other than a regular file; expected a .skeleton file.', { file });
    }
    const { size } = found;
    if (size > MAX_BYTES) {
      throw new DatasetError(`got ${size} bytes; expected at most ${MAX_BYTES}.`, { file });
    }
    text = await readFile(file, { encoding: 'latin1', signal });
  } catch (cause) {
    if (cause instanceof DatasetError || signal?.aborted) throw cause;
    throw new DatasetError(`got an error: ${(cause as Error).message}; expected a .skeleton file.`, {
      file,
      cause,
    });
  }
  return parseSkeletonFile(text, file);
}

/** The box around the chosen bodies in pixels of the video. The recording's pixels are those of the sensor's 1920 x 1080 picture. */
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
  checkPath('skeletons', options.skeletons, 'the folder of the .skeleton files');
  checkVideosFolder(options);
  return options;
}

/** Numbers of the actions in the order of their labels. */
function chosenActions(classes: NtuOptions['classes'], names: readonly string[]): number[] {
  if (classes === undefined) return names.map((_, i) => i + 1);
  const actions = classes.map((wanted) => {
    const action = typeof wanted === 'number' ? wanted : names.indexOf(wanted) + 1;
    if (!Number.isInteger(action) || action < 1 || action > names.length) {
      throw new DatasetError(
        `classes: got ${formatValue(wanted)}; expected numbers from 1 to ${names.length}, or names such as '${names[0]}'.`,
      );
    }
    return action;
  });
  if (actions.length === 0 || new Set(actions).size < actions.length) {
    throw new DatasetError(`classes: got ${formatValue(classes)}; expected at least one action, each once.`);
  }
  return actions;
}

/** Any file that ffmpeg may read: whatever is not a sample of another modality. */
const isVideo = (rest: string) =>
  /^(_rgb)?\.[^.]+$/.test(rest) && !/^\.(skeleton|txt|json|npy|mat|md5)$/.test(rest);

function explainEmpty(
  skeletons: ReadonlyMap<string, string>,
  videos: ReadonlyMap<string, string> | undefined,
  skipped: readonly SkippedSample[],
): string {
  const found = `got ${skeletons.size} skeleton files${videos ? ` and ${videos.size} videos` : ''}`;
  if (skipped.length > 0) {
    return `${found}, all skipped; expected a sample. The first, ${skipped[0]!.id}: ${skipped[0]!.reason}.`;
  }
  return `${found} of these actions; expected files named like S001C001P001R001A001.skeleton.`;
}
