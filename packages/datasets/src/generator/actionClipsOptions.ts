import type { Progress } from '@amr/internal';
import { type KeysOf, optionKeys } from '../options.js';

/** One part of the generator's clips. */
export interface ActionClipsSplit {
  /** What the two parts don't have in common. */
  by: 'subject' | 'view';
  /** Which of the two parts. */
  part: 'train' | 'test';
}

/** Options of {@link actionClips}. */
export interface ActionClipsOptions {
  /** Clips of each class before the split, default 96. Subjects and cameras take turns. */
  samplesPerClass?: number;
  /** Names of the classes, or a number of the first ones of `actionNames`; default: the first 12. */
  classes?: number | readonly string[];
  /** Size of the skeletons' persons axis, default 1. With 2, the classes can include actions of two persons. */
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
  /** Seed of all random choices, default 0. */
  seed?: number;
  /** Strength of the sensors' noise: scattered joints, lost limbs, grain of the picture. Default 1, as usual sensors; 0: none. */
  noise?: number;
  /** Strength of the pictures' clutter: textures, moving backgrounds, obstacles in front. Default 1; 0: none. */
  clutter?: number;
  /**
   * The part of a split: `by: 'subject'` trains on odd subjects and tests on even ones; `by: 'view'` tests on camera 1 and trains
   * on the others, as NTU RGB+D does. Absent: all clips.
   */
  split?: ActionClipsSplit;
  /** Receives progress after each clip. */
  onProgress?: (progress: Progress) => void;
  /** Ends generating early, with the signal's reason as the error. */
  signal?: AbortSignal;
}

/** All keys of {@link ActionClipsOptions}, for the functions that extend them. */
export const actionClipsKeys: KeysOf<ActionClipsOptions> = {
  samplesPerClass: true,
  classes: true,
  persons: true,
  subjects: true,
  views: true,
  frames: true,
  resolution: true,
  seed: true,
  noise: true,
  clutter: true,
  split: true,
  onProgress: true,
  signal: true,
};
/** Keys of the option `frames` as an object. */
export const framesKeys = optionKeys<Exclude<ActionClipsOptions['frames'], number | undefined>>({
  skeleton: true,
  rgb: true,
});
/** Keys of the option `split`. */
export const splitKeys = optionKeys<ActionClipsSplit>({ by: true, part: true });
