import { type ArrayDataset, fromArrays } from '../source/fromArrays.js';
import { clip } from './clip.js';
import { clipPlan } from './clipPlan.js';

/** One part of the generator's clips. */
export interface ActionClipsSplit {
  /** What the two parts don't share. */
  by: 'subject' | 'view';
  /** Which of the two. */
  part: 'train' | 'test';
}

/** What {@link actionClips} makes. */
export interface ActionClipsOptions {
  /** Clips of each class before the split, default 96. They go round the subjects and cameras in turn. */
  samplesPerClass?: number;
  /** Classes by name, or how many of the first of `actionNames`; default the first 12. */
  classes?: number | readonly string[];
  /** Persons axis of the skeletons, default 1. With 2, actions of two persons can be among the classes. */
  persons?: 1 | 2;
  /** Number of subjects, default 16. */
  subjects?: number;
  /** Number of cameras, evenly from -45 to 45 degrees around the scene; 1 is in front. Default 3. */
  views?: number;
  /**
   * Frames of both streams, or of each; default `{ skeleton: 32, rgb: 16 }`. RGB frame i shows the moment of skeleton frame
   * round(i * (skeleton - 1) / (rgb - 1)).
   */
  frames?:
    | number
    | {
        /** Frames of the skeletons, default 32. */
        skeleton?: number;
        /** Frames of the RGB video, at most as many; default 16. */
        rgb?: number;
      };
  /** Side of the RGB frames in pixels, default 32. */
  resolution?: number;
  /** Seed of everything, default 0. */
  seed?: number;
  /** Strength of the sensors' noise: joints' scatter and lost limbs, grain of the picture. 1 is usual, 0 is none. */
  noise?: number;
  /** Strength of the pictures' clutter: textures, movement in the background, things in the way. 1 is usual, 0 is none. */
  clutter?: number;
  /**
   * Which part: `by: 'subject'` trains on odd subjects and tests on even ones; `by: 'view'` tests on camera 1 and trains on
   * the others, as NTU RGB+D does. Absent: all clips.
   */
  split?: ActionClipsSplit;
  /** Called after each clip. */
  onProgress?: (done: number, total: number) => void;
  /** Ends the making early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/**
 * Labelled action clips that need no download: motions of the 25-joint NTU skeleton by seeded subjects (proportions,
 * clothes, manner), recorded by cameras around them as noisy skeletons and as RGB video, frame-aligned. Made to be learnable
 * without being trivial: some classes differ by what only one of the streams shows (a cup in the hand: RGB; a thumb's
 * direction: skeleton), some by a direction in time.
 *
 * Modalities: `rgb` `[frames, resolution, resolution, 3]`, range [0, 1]; `skeleton` `[persons, frames, 25, 3]` in metres, in
 * camera coordinates as Kinect v2 gives them (x to the right of the picture, y up, z away from the camera), absent bodies all
 * zero. A joint is seen at column `resolution * (0.5 + focalLength * x / z)`, row `resolution * (0.5 - focalLength * y / z)`.
 *
 * A clip depends on seed, class, subject, camera and its number only: the two parts of a split fit together, and the same
 * options give the same bytes.
 *
 * @param options see {@link ActionClipsOptions}
 * @returns the clips of the split; ids such as `C2P003R012A004`: camera, subject, number within the class, action
 * @throws {DatasetError} when an option can't be met
 * @example
 * import { actionClips } from '@amr/datasets';
 *
 * const clips = await actionClips({
 *   classes: ['wave', 'kick'],
 *   samplesPerClass: 4,
 *   resolution: 16,
 *   split: { by: 'view', part: 'train' },
 * });
 * console.log(clips.ids[0], clips.modalities.rgb.shape, clips.modalities.skeleton.shape);
 */
export async function actionClips(options: ActionClipsOptions = {}): Promise<ArrayDataset> {
  const { onProgress, signal } = options;
  const { classes, persons, frames, resolution, clips } = clipPlan(options);
  const rgbLength = frames.rgb * resolution ** 2 * 3;
  const skeletonLength = persons * frames.skeleton * 75;
  const rgb = new Uint8Array(clips.length * rgbLength);
  const skeleton = new Float32Array(clips.length * skeletonLength);
  for (const [i, { spec }] of clips.entries()) {
    signal?.throwIfAborted();
    const made = clip(spec);
    rgb.set(made.rgb, i * rgbLength);
    skeleton.set(made.skeletons.flat(3), i * skeletonLength);
    onProgress?.(i + 1, clips.length);
    // Lets timers and signals through.
    if (i % 8 === 7) await new Promise((resume) => setTimeout(resume));
  }
  return fromArrays({
    modalities: {
      rgb: { data: rgb, shape: [frames.rgb, resolution, resolution, 3], unit: 'intensity' },
      skeleton: { data: skeleton, shape: [persons, frames.skeleton, 25, 3], unit: 'metres' },
    },
    labels: clips.map(({ label }) => label),
    classes,
    ids: clips.map(({ id }) => id),
  });
}
