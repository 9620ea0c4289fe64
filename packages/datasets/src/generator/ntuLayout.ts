import { access, mkdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type Random, random } from '@amr/internal';
import { writeAtomically } from '@amr/internal/node';
import { DatasetError } from '../datasetError.js';
import { ntu120MissingSkeletons } from '../sets/ntu/missingSkeletons.js';
import { formatSampleName } from '../sets/ntu/sampleName.js';
import {
  bodyFields,
  formatSkeletonFile,
  jointCount,
  jointFields,
  type SkeletonBody,
} from '../sets/ntu/skeletonFile.js';
import { writeVideo } from '../video/writeVideo.js';
import type { ActionClipsOptions } from './actionClips.js';
import { focalLength } from './camera.js';
import { clip } from './clip.js';
import { clipPlan, type PlannedClip } from './clipPlan.js';
import { joint } from './skeleton.js';
import type { Vec3 } from './vector.js';

/** What {@link writeNtuLayout} writes: the options of `actionClips`, and these. Its default classes are the first twelve that NTU has. */
export interface NtuLayoutOptions extends ActionClipsOptions {
  /** Setups that the subjects go round in turn, default 2: with an even and an odd one, both parts of X-Set have clips. */
  setups?: number;
  /** The videos' quality: `'lossless'`, or from 1, the best, to 31; default 2. */
  quality?: 'lossless' | number;
  /** Probability that a clip has a false body in some of its frames, as a sensor sees in furniture; default 0. */
  falseBodies?: number;
  /**
   * Probability that a clip begins with some frames without a body, as before the sensor has found one; default 0. They come before
   * the clip's own frames, and the video shows its first picture meanwhile.
   */
  emptyFrames?: number;
  /** The ffmpeg program; absent: that of FFMPEG_PATH, of the PATH, or of `ffmpeg-static`. */
  ffmpeg?: string;
}

/** A clip that {@link writeNtuLayout} wrote. */
export interface NtuLayoutClip {
  /** NTU's name for it: `S001C002P003R001A023`. */
  name: string;
  /** The id that `actionClips` gives the same clip. */
  id: string;
  /** The generator's name of its action. */
  action: string;
}

/** What {@link writeNtuLayout} did. */
export interface NtuLayout {
  /** Folder of the `.skeleton` files. */
  skeletons: string;
  /** Folder of the `.avi` files. */
  videos: string;
  /** All clips, in the order of `actionClips`. */
  clips: NtuLayoutClip[];
  /** How many of them were there already. */
  skipped: number;
}

/** NTU's numbers of the generator's actions that it has; by what is done, where the names differ. */
export const ntuActionNumbers: { readonly [action: string]: number } = {
  drink: 1,
  'pick up': 6,
  throw: 7,
  'sit down': 8,
  'stand up': 9,
  clap: 10,
  wave: 23,
  kick: 24,
  hop: 26,
  'answer phone': 28,
  'rub hands': 34,
  bow: 35,
  salute: 38,
  'cross arms': 40,
  cough: 41,
  push: 52,
  handshake: 58,
  'thumb up': 69,
  'thumb down': 70,
  jog: 99,
};

/** Clips whose files are written at the same time, while the next one is made: most of that is an ffmpeg that starts. */
const writtenAtOnce = Math.min(4, availableParallelism());

/** NTU RGB+D 120 has so many. */
const most = { subjects: 106, cameras: 3, setups: 32 };

/**
 * Writes the clips of `actionClips` as NTU RGB+D is downloaded: `nturgb+d_skeletons/SsssCcccPpppRrrrAaaa.skeleton` and
 * `nturgb+d_rgb/SsssCcccPpppRrrrAaaa_rgb.avi`, so that all that reads NTU RGB+D can be tried without it.
 *
 * Camera and subject keep their numbers, actions get NTU's. The clips that share these are told apart by the replication, 1 and 2, and
 * then by the setup: subject p begins in setup 1 + (p - 1) mod `setups`, and goes on in every `setups`-th one after it. Names on NTU's
 * lists of missing skeletons are passed over. The partner in an action of two persons has the subject's parity, which X-Sub doesn't
 * go by.
 *
 * Joints are the sensed ones in metres. Their colour coordinates are those of the sensor's 1920 x 1080 picture, which the video shows
 * all of, made smaller to `resolution` x `resolution`: column c of the sensor's is column c * resolution / 1920 of the video. Their
 * depth coordinates are those of a Kinect v2 (512 x 424, focal length 365 pixels). Joints that the sensor lost are inferred (1), all
 * others tracked (2). Orientations are 0. The video lasts as long as the skeleton at 30 frames in a second, whatever its own number
 * of frames.
 *
 * Each file appears whole. Called again with the same options, it makes what is missing only; `clips.json` in the folder keeps
 * the options and which clip has which name.
 *
 * @param folder where to; made when it is missing
 * @param options clips, names, defects; see {@link NtuLayoutOptions}
 * @throws {DatasetError} when an option can't be met, a class isn't one of NTU's, there are more clips than names, the folder holds
 *   clips of other options, or ffmpeg is missing or fails
 * @example
 * ```js
 * import { writeNtuLayout } from '@amr/datasets/node';
 *
 * const { skeletons, videos } = await writeNtuLayout('ntu', { classes: ['wave', 'kick'], samplesPerClass: 32, resolution: 64 });
 * ```
 */
export async function writeNtuLayout(folder: string, options: NtuLayoutOptions = {}): Promise<NtuLayout> {
  const { quality = 2, falseBodies = 0, emptyFrames = 0, seed = 0, ffmpeg, onProgress, signal } = options;
  for (const [name, value] of Object.entries({ falseBodies, emptyFrames })) {
    if (!(value >= 0 && value <= 1)) {
      throw new DatasetError(`${name}: ${value} was given, a probability from 0 to 1 was expected`);
    }
  }
  const plan = clipPlan({ ...options, classes: options.classes ?? defaultClasses(options.persons) });
  const names = namesOf(plan.clips, plan.classes, options);
  const skeletons = join(folder, 'nturgb+d_skeletons');
  const videos = join(folder, 'nturgb+d_rgb');
  const clips = plan.clips.map(({ id, label }, i) => ({ name: names[i]!, id, action: plan.classes[label]! }));
  await claim(folder, options, clips);
  await mkdir(skeletons, { recursive: true });
  await mkdir(videos, { recursive: true });

  let skipped = 0;
  /** What has failed stays in it. */
  const writing = new Set<Promise<unknown>>();
  try {
    for (const [i, { spec }] of plan.clips.entries()) {
      signal?.throwIfAborted();
      const name = names[i]!;
      const skeletonFile = join(skeletons, `${name}.skeleton`);
      const videoFile = join(videos, `${name}_rgb.avi`);
      const missing = [!(await exists(skeletonFile)), !(await exists(videoFile))];
      if (missing.includes(true)) {
        const made = clip(spec);
        const draw = random('ntu', seed, name);
        const before = draw.chance(emptyFrames) ? 1 + draw.integer(5) : 0;
        const pause = Math.round((before * plan.frames.rgb) / plan.frames.skeleton);
        const bodies = bodiesOf(made, before, draw);
        const own = plan.frames.skeleton;
        if (draw.chance(falseBodies)) bodies.push(falseBody(before, own, bodies.length, draw));
        const text = formatSkeletonFile({ frames: before + own, bodies });
        const pixels = delayed(made.rgb, plan.frames.rgb, pause);
        while (writing.size >= writtenAtOnce) await Promise.race(writing);
        const write = async () => {
          if (missing[0]) await writeAtomically(skeletonFile, text);
          if (missing[1]) {
            const frames = plan.frames.rgb + pause;
            const framesPerSecond = (30 * plan.frames.rgb) / own;
            const size = { width: plan.resolution, height: plan.resolution };
            await writeVideo(
              videoFile,
              { pixels, frames, ...size, framesPerSecond, quality },
              { ffmpeg, signal },
            );
          }
        };
        const written: Promise<unknown> = write().then(() => writing.delete(written));
        writing.add(written);
        // It is looked at when there is no room for another.
        written.catch(() => {});
      } else skipped++;
      onProgress?.(i + 1, plan.clips.length);
    }
    await Promise.all(writing);
  } finally {
    // Nothing is written any more after an error.
    await Promise.allSettled(writing);
  }
  return { skeletons, videos, clips, skipped };
}

/** The first twelve of the actions that NTU has. */
function defaultClasses(persons: 1 | 2 = 1): string[] {
  return Object.keys(ntuActionNumbers)
    .filter((name) => persons === 2 || (name !== 'push' && name !== 'handshake'))
    .slice(0, 12);
}

function namesOf(
  clips: readonly PlannedClip[],
  classes: readonly string[],
  options: NtuLayoutOptions,
): string[] {
  const { setups = 2, subjects = 16, views = 3 } = options;
  if (!(Number.isInteger(setups) && setups >= 1 && setups <= most.setups)) {
    throw new DatasetError(
      `setups: ${setups} was given, a whole number from 1 to ${most.setups} was expected`,
    );
  }
  if (subjects > most.subjects || views > most.cameras) {
    throw new DatasetError(
      `${subjects} subjects and ${views} views were given, NTU has at most ${most.subjects} and ${most.cameras}`,
    );
  }
  const other = classes.filter((name) => ntuActionNumbers[name] === undefined);
  if (other.length > 0) {
    throw new DatasetError(
      `classes: ${other.join(', ')} ${other.length === 1 ? 'is no action' : 'are no actions'} of NTU; those that are: ${Object.keys(ntuActionNumbers).join(', ')}`,
    );
  }
  const next = new Map<string, number>();
  return clips.map(({ label, spec: { subject, view } }) => {
    const action = ntuActionNumbers[classes[label]!]!;
    const key = `${action} ${subject} ${view}`;
    for (let take = next.get(key) ?? 0; ; take++) {
      const setup = 1 + ((subject - 1) % setups) + setups * Math.floor(take / 2);
      if (setup > most.setups) {
        throw new DatasetError(
          `samplesPerClass: there are more clips of '${classes[label]}' by subject ${subject} for camera ${view} than NTU has names in ${most.setups} setups; give fewer, or more subjects`,
        );
      }
      const name = formatSampleName({ setup, camera: view, subject, replication: 1 + (take % 2), action });
      if (ntu120MissingSkeletons.has(name)) continue;
      next.set(key, take + 1);
      return name;
    }
  });
}

/** The sensed bodies, from frame `before` on. */
function bodiesOf(
  { skeletons, truth }: { skeletons: Vec3[][][]; truth: Vec3[][][] },
  before: number,
  draw: Random,
): SkeletonBody[] {
  const first = draw.integer(9000);
  return skeletons.map((frames, place) => ({
    ...emptyBody(first + 7 * place, before, frames.length, place),
    ...measured(frames, (frame, j) => far(frames[frame]![j]!, truth[place]![frame]![j]!)),
  }));
}

/** A body that isn't there: limbs every which way, at a place behind the scene, for some frames. */
function falseBody(before: number, frames: number, place: number, draw: Random): SkeletonBody {
  const length = Math.min(frames, 2 + draw.integer(8));
  const start = draw.integer(frames - length + 1);
  const at: Vec3 = [draw.uniform(-1.2, 1.2), draw.uniform(-0.8, 0.2), draw.uniform(3.6, 4.4)];
  const shape = Array.from({ length: jointCount }, () => [
    draw.normal(0.35),
    draw.normal(0.08),
    draw.normal(0.15),
  ]);
  const seen = Array.from({ length }, () =>
    shape.map((offset): Vec3 => {
      const [x, y, z] = at.map((value, axis) => value + offset[axis]! + draw.normal(0.01));
      return [x!, y!, z!];
    }),
  );
  return {
    ...emptyBody(9000 + draw.integer(900), before + start, length, place),
    ...measured(seen, () => true),
  };
}

/** Kinect's numbers of bodies are 2^56 and some; the 64-bit number is written out, doubles don't hold it. */
function emptyBody(number: number, start: number, frames: number, place: number) {
  return {
    id: String(2n ** 56n + 1n + BigInt(number)),
    frames: Int32Array.from({ length: frames }, (_, i) => start + i),
    places: new Int32Array(frames).fill(place),
  };
}

function measured(
  frames: readonly (readonly Vec3[])[],
  isLost: (frame: number, joint: number) => boolean,
): Pick<SkeletonBody, 'fields' | 'joints'> {
  const fields = new Float32Array(frames.length * bodyFields.length);
  const joints = new Float32Array(frames.length * jointCount * jointFields.length);
  for (const [frame, seen] of frames.entries()) {
    const [base, top] = [seen[joint.spineBase]!, seen[joint.spineShoulder]!];
    const up = Math.max(0.1, Math.abs(top[1] - base[1]));
    const lean = [(top[0] - base[0]) / up, (base[2] - top[2]) / up].map((v) => Math.max(-1, Math.min(1, v)));
    // Not clipped; both hands open, of high confidence; not restricted; tracked.
    fields.set([0, 1, 2, 1, 2, 0, lean[0]!, lean[1]!, 2], frame * bodyFields.length);
    for (const [j, [x, y, z]] of seen.entries()) {
      const right = x / z;
      const upwards = y / z;
      const depth = [256 + 365 * right, 212 - 365 * upwards];
      const colour = [1920 * (0.5 + focalLength * right), 1080 * (0.5 - focalLength * upwards)];
      const state = isLost(frame, j) ? 1 : 2;
      joints.set(
        [x, y, z, ...depth, ...colour, 0, 0, 0, 0, state],
        (frame * jointCount + j) * jointFields.length,
      );
    }
  }
  return { fields, joints };
}

/** Farther off than a sensor's scatter. */
const far = (a: Vec3, b: Vec3) => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > 0.12;

/** The pictures after so many copies of the first. */
function delayed(pixels: Uint8Array, frames: number, pause: number): Uint8Array {
  if (pause === 0) return pixels;
  const length = pixels.length / frames;
  const later = new Uint8Array(pixels.length + pause * length);
  for (let i = 0; i < pause; i++) later.set(pixels.subarray(0, length), i * length);
  later.set(pixels, pause * length);
  return later;
}

/** Keeps the options beside the clips, and refuses a folder of other ones. */
async function claim(folder: string, options: NtuLayoutOptions, clips: NtuLayoutClip[]): Promise<void> {
  const { onProgress: _, signal: __, ffmpeg: ___, ...kept } = options;
  const file = join(folder, 'clips.json');
  const text = `${JSON.stringify({ options: kept, clips }, null, 1)}\n`;
  let found: string | undefined;
  try {
    found = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw new DatasetError((cause as Error).message, { file, cause });
    }
  }
  if (found !== undefined && found !== text) {
    throw new DatasetError('the folder holds clips of other options; give the same, or another folder', {
      file,
    });
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
