import { access, mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { progressClock, random } from '@amr/internal';
import { writeAtomically } from '@amr/internal/node';
import { DatasetError } from '../datasetError.js';
import { checkOption, optionKeys, rejectUnknownOptions } from '../options.js';
import { formatSkeletonFile } from '../sets/ntu/formatSkeletonFile.js';
import { writeVideo } from '../video/writeVideo.js';
import { type ActionClipsOptions, actionClipsKeys } from './actionClipsOptions.js';
import { clip } from './clip.js';
import { type ClipPlan, clipPlan } from './clipPlan.js';
import { defaultClasses, namesOf } from './ntuNames.js';
import { bodiesOf, falseBody } from './ntuSkeletons.js';

/** Options of {@link writeNtuLayout}: those of `actionClips`, and these. The default classes are the first twelve that NTU has. */
export interface NtuLayoutOptions extends ActionClipsOptions {
  /** Number of setups that the subjects take turns in, default 2: with an even and an odd one, both parts of X-Set have clips. */
  setups?: number;
  /** The videos' quality: `'lossless'`, or a number from 1, the best, to 31; default 2. */
  quality?: 'lossless' | number;
  /** Probability that a clip has a false body in some frames, as sensors detect in furniture; default 0. */
  falseBodies?: number;
  /**
   * Probability that a clip begins with frames without a body, as before a sensor has found one; default 0. They come before the
   * clip's own frames; the video shows its first picture meanwhile.
   */
  emptyFrames?: number;
  /** The ffmpeg program; absent: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
}

/** A clip that {@link writeNtuLayout} wrote. */
export interface NtuLayoutClip {
  /** NTU's name of the clip: `S001C002P003R001A023`. */
  name: string;
  /** The id that `actionClips` gives the same clip. */
  id: string;
  /** The generator's name of the action. */
  action: string;
}

/** Result of {@link writeNtuLayout}. */
export interface NtuLayout {
  /** Folder of the `.skeleton` files. */
  skeletons: string;
  /** Folder of the `.avi` files. */
  videos: string;
  /** All clips, in the order of `actionClips`. */
  clips: NtuLayoutClip[];
  /** Number of clips that existed already. */
  skipped: number;
}

/** Number of clips that are written at a time, while the next one is generated: most of the time, an ffmpeg is starting. */
const MAX_WRITES = Math.min(4, availableParallelism());

/**
 * Writes the clips of `actionClips` in the layout of the downloaded NTU RGB+D: `nturgb+d_skeletons/SsssCcccPpppRrrrAaaa.skeleton` and
 * `nturgb+d_rgb/SsssCcccPpppRrrrAaaa_rgb.avi`, so that whatever reads NTU RGB+D can be tried without it.
 *
 * Camera and subject keep their numbers, actions get NTU's. Clips that share these differ in the replication, 1 and 2, and then in the
 * setup: subject p begins in setup 1 + (p - 1) mod `setups`, and continues in every `setups`-th one after it. Names on NTU's lists of
 * missing skeletons are skipped. The partner in an action of two persons has the subject's parity, which X-Sub doesn't go by.
 *
 * Joints are as the sensor gives them, in metres. Their colour coordinates refer to the sensor's 1920 x 1080 picture, which the video
 * shows whole, scaled to `resolution` x `resolution`: column c of the sensor's picture is column c * resolution / 1920 of the video.
 * Their depth coordinates are those of a Kinect v2 (512 x 424, focal length 365 pixels). Joints that the sensor lost are inferred
 * (1), all others tracked (2). Orientations are 0. The video lasts as long as the skeleton at 30 frames a second, whatever its own
 * number of frames.
 *
 * Files are written atomically. A second call with the same options writes only the missing files; `clips.json` in the folder keeps
 * the options and the clips' names.
 *
 * @param folder the folder, which is made when it is missing
 * @param options clips, names, defects; see {@link NtuLayoutOptions}
 * @throws {DatasetError} when an option is unknown or not valid, NTU lacks a class or names for all clips, the folder holds clips of
 *   other options, or ffmpeg is missing or fails
 * @example
 * ```js
 * import { writeNtuLayout } from '@amr/datasets/node';
 *
 * const { skeletons, videos } = await writeNtuLayout('ntu', { classes: ['wave', 'kick'], samplesPerClass: 32, resolution: 64 });
 * ```
 */
export async function writeNtuLayout(folder: string, options: NtuLayoutOptions = {}): Promise<NtuLayout> {
  checkOptions(options);
  const { onProgress, signal } = options;
  const plan = clipPlan({ ...options, classes: options.classes ?? defaultClasses(options.persons) });
  const names = namesOf(plan.clips, plan.classes, options);
  const skeletons = join(folder, 'nturgb+d_skeletons');
  const videos = join(folder, 'nturgb+d_rgb');
  const clips = plan.clips.map(({ id, label }, i) => ({ name: names[i]!, id, action: plan.classes[label]! }));
  await claim(folder, options, clips);
  await mkdir(skeletons, { recursive: true });
  await mkdir(videos, { recursive: true });

  const progress = progressClock();
  let skipped = 0;
  /** Writes under way, and those that failed. */
  const writing = new Set<Promise<unknown>>();
  try {
    for (const [i, { name }] of clips.entries()) {
      signal?.throwIfAborted();
      const files = [join(skeletons, `${name}.skeleton`), join(videos, `${name}_rgb.avi`)] as const;
      const missing = [!(await exists(files[0])), !(await exists(files[1]))] as const;
      if (missing.includes(true)) {
        const content = clipContent(plan, i, name, options);
        // Also rejects when a write has failed.
        while (writing.size >= MAX_WRITES) await Promise.race(writing);
        const written: Promise<unknown> = writeClip(content, files, missing, plan, options).then(() =>
          writing.delete(written),
        );
        writing.add(written);
        // Marks the rejection as handled: the loop and the end of this function await `writing`.
        written.catch(() => {});
      } else skipped++;
      onProgress?.(progress(i + 1, clips.length));
    }
    await Promise.all(writing);
  } finally {
    // After an error, nothing is written any more once this function ends.
    await Promise.allSettled(writing);
  }
  return { skeletons, videos, clips, skipped };
}

const ntuLayoutKeys = optionKeys<NtuLayoutOptions>({
  ...actionClipsKeys,
  setups: true,
  quality: true,
  falseBodies: true,
  emptyFrames: true,
  ffmpeg: true,
});

function checkOptions(options: NtuLayoutOptions): void {
  rejectUnknownOptions('writeNtuLayout', options, ntuLayoutKeys);
  const { falseBodies = 0, emptyFrames = 0 } = options;
  for (const [name, value] of Object.entries({ falseBodies, emptyFrames })) {
    checkOption(name, value, value >= 0 && value <= 1, 'a probability from 0 to 1');
  }
}

interface ClipContent {
  /** Text of the skeleton file. */
  skeletons: string;
  /** Pictures of the video. */
  pixels: Uint8Array;
  /** Number of pictures before the clip's own. */
  pause: number;
}

/** Generates a clip, with its false bodies and empty frames. */
function clipContent(plan: ClipPlan, index: number, name: string, options: NtuLayoutOptions): ClipContent {
  const { falseBodies = 0, emptyFrames = 0, seed = 0 } = options;
  const { rgb, skeleton } = plan.frames;
  const made = clip(plan.clips[index]!.spec);
  const r = random('ntu', seed, name);
  const before = r.chance(emptyFrames) ? 1 + r.integer(5) : 0;
  const pause = Math.round((before * rgb) / skeleton);
  const bodies = bodiesOf(made, before, r);
  if (r.chance(falseBodies)) bodies.push(falseBody(before, skeleton, bodies.length, r));
  const text = formatSkeletonFile({ frames: before + skeleton, bodies });
  return { skeletons: text, pixels: delayed(made.rgb, rgb, pause), pause };
}

async function writeClip(
  { skeletons, pixels, pause }: ClipContent,
  [skeletonFile, videoFile]: readonly [string, string],
  [needsSkeletons, needsVideo]: readonly [boolean, boolean],
  { frames: { rgb, skeleton }, resolution }: ClipPlan,
  { quality = 2, ffmpeg, signal }: NtuLayoutOptions,
): Promise<void> {
  if (needsSkeletons) await writeAtomically(skeletonFile, skeletons);
  if (!needsVideo) return;
  const framesPerSecond = (30 * rgb) / skeleton;
  const size = { width: resolution, height: resolution };
  await writeVideo(
    videoFile,
    { pixels, frames: rgb + pause, ...size, framesPerSecond, quality },
    { ffmpeg, signal },
  );
}

/** The pictures, after so many copies of the first one. */
function delayed(pixels: Uint8Array, frames: number, pause: number): Uint8Array {
  if (pause === 0) return pixels;
  const length = pixels.length / frames;
  const later = new Uint8Array(pixels.length + pause * length);
  for (let i = 0; i < pause; i++) later.set(pixels.subarray(0, length), i * length);
  later.set(pixels, pause * length);
  return later;
}

/** Writes the options next to the clips, and refuses a folder of other options. */
async function claim(folder: string, options: NtuLayoutOptions, clips: NtuLayoutClip[]): Promise<void> {
  const { onProgress: _, signal: __, ffmpeg: ___, ...kept } = options;
  const file = join(folder, 'clips.json');
  const text = `${JSON.stringify({ options: kept, clips }, null, 1)}\n`;
  let found: string | undefined;
  try {
    found = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new DatasetError(
        `got an error of the file system; expected a readable file. ${(cause as Error).message}.`,
        { file, cause },
      );
    }
  }
  if (found !== undefined && found !== text) {
    throw new DatasetError(
      'got a folder of clips of other options; expected an empty folder, or one of the same options. Take another folder.',
      {
        file,
      },
    );
  }
  if (found === undefined) await writeAtomically(file, text);
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}
