import { whole } from '../batchPlan.js';
import { DatasetError } from '../datasetError.js';
import { type ArrayDataset, fromArrays } from '../fromArrays.js';
import { actionNames, actions } from './actions.js';
import { clip } from './clip.js';

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
  const { samplesPerClass = 96, persons = 1, subjects = 16, views = 3, resolution = 32, seed = 0 } = options;
  const { noise = 1, clutter = 1, split, onProgress, signal } = options;
  const frames =
    typeof options.frames === 'number'
      ? { skeleton: options.frames, rgb: options.frames }
      : { skeleton: 32, rgb: Math.min(16, options.frames?.skeleton ?? 16), ...options.frames };
  for (const [name, value] of Object.entries({ samplesPerClass, subjects, views, resolution }))
    whole(name, value, 1);
  for (const [name, value] of Object.entries(frames)) whole(`frames of ${name}`, value, 1);
  if (frames.rgb > frames.skeleton) {
    throw new DatasetError(
      `frames: ${frames.rgb} of rgb were given, at most the skeleton's ${frames.skeleton} were expected`,
    );
  }
  for (const [name, value] of Object.entries({ noise, clutter })) {
    if (!(value >= 0 && value <= 4))
      throw new DatasetError(`${name}: ${value} was given, a number from 0 to 4 was expected`);
  }
  if (!Number.isFinite(seed)) throw new DatasetError(`seed: ${seed} was given, a finite number was expected`);
  if (persons !== 1 && persons !== 2)
    throw new DatasetError(`persons: ${persons} was given, 1 or 2 was expected`);
  const chosen = choose(options.classes ?? 12, persons);
  const takes = plan(samplesPerClass, subjects, views).filter(splitFilter(split, subjects, views));
  if (takes.length === 0) {
    throw new DatasetError(
      `samplesPerClass: with ${samplesPerClass} no clip is in the ${split?.part} part, give more`,
    );
  }

  const total = chosen.length * takes.length;
  const rgbLength = frames.rgb * resolution ** 2 * 3;
  const rgb = new Uint8Array(total * rgbLength);
  const skeleton = new Float32Array(total * persons * frames.skeleton * 25 * 3);
  const labels: number[] = [];
  const ids: string[] = [];
  for (const take of takes) {
    for (const [label, action] of chosen.entries()) {
      signal?.throwIfAborted();
      const done = labels.length;
      const made = clip({
        seed,
        action,
        ...take,
        subjects,
        frames,
        resolution,
        noise,
        clutter,
        angle: angleOf(take.view, views),
      });
      rgb.set(made.rgb, done * rgbLength);
      skeleton.set(made.skeletons.flat(3), done * persons * frames.skeleton * 75);
      labels.push(label);
      ids.push(`C${take.view}P${pad(take.subject)}R${pad(take.performance)}A${pad(action + 1)}`);
      onProgress?.(done + 1, total);
      // Lets timers and signals through.
      if (done % 8 === 7) await new Promise((resume) => setTimeout(resume));
    }
  }
  return fromArrays({
    modalities: {
      rgb: { data: rgb, shape: [frames.rgb, resolution, resolution, 3], unit: 'intensity' },
      skeleton: { data: skeleton, shape: [persons, frames.skeleton, 25, 3], unit: 'metres' },
    },
    labels,
    classes: chosen.map((action) => actionNames[action]!),
    ids,
  });
}

interface Take {
  performance: number;
  subject: number;
  view: number;
}

/** The clips of one class: every subject before every view of the same subject, so that few clips are balanced too. */
function plan(samples: number, subjects: number, views: number): Take[] {
  return Array.from({ length: samples }, (_, i) => {
    const round = Math.floor(i / subjects);
    const subject = i % subjects;
    return { performance: i + 1, subject: subject + 1, view: ((subject + round) % views) + 1 };
  });
}

function splitFilter(
  split: ActionClipsOptions['split'],
  subjects: number,
  views: number,
): (take: Take) => boolean {
  if (split === undefined) return () => true;
  const { by, part } = split;
  if ((by !== 'subject' && by !== 'view') || (part !== 'train' && part !== 'test')) {
    throw new DatasetError(
      `split: ${JSON.stringify(split)} was given, { by: 'subject' | 'view', part: 'train' | 'test' } was expected`,
    );
  }
  if ((by === 'subject' ? subjects : views) < 2) {
    throw new DatasetError(`split by ${by}: there is only 1, at least 2 were expected; raise '${by}s'`);
  }
  const train = by === 'subject' ? (take: Take) => take.subject % 2 === 1 : (take: Take) => take.view !== 1;
  return (take) => train(take) === (part === 'train');
}

function choose(classes: number | readonly string[], persons: 1 | 2): number[] {
  const available = actions.flatMap((action, i) => ((action.persons ?? 1) <= persons ? [i] : []));
  if (typeof classes === 'number') {
    whole('classes', classes, 2);
    if (classes > available.length) {
      throw new DatasetError(
        `classes: ${classes} was given, there are ${available.length} with at most ${persons} person${persons === 1 ? '' : 's'}`,
      );
    }
    return available.slice(0, classes);
  }
  if (classes.length < 2 || new Set(classes).size !== classes.length) {
    throw new DatasetError(
      `classes: [${classes.join(', ')}] was given, at least two different names were expected`,
    );
  }
  return classes.map((name) => {
    const action = actionNames.indexOf(name);
    if (available.includes(action)) return action;
    const names = available.map((i) => actionNames[i]).join(', ');
    const hint = action === -1 ? '' : '; it takes two persons, set persons: 2';
    throw new DatasetError(`classes: there is no '${name}' among ${names}${hint}`);
  });
}

const angleOf = (view: number, views: number) =>
  views === 1 ? 0 : ((view - 1) / (views - 1) - 0.5) * (Math.PI / 2);
const pad = (number: number) => String(number).padStart(3, '0');
