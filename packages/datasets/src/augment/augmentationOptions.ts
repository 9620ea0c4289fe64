import { DatasetError } from '../datasetError.js';

/** How samples are changed; each number is 0, which changes nothing, by default. Plain data. */
export interface AugmentationOptions {
  /** Seed of the changes, default 0. */
  seed?: number;
  /**
   * Skeletons are turned about the y axis, which is the vertical one unless they were prepared with `alignView`, by up to so many
   * degrees; videos can't show that and stay, and so do key points.
   */
  rotation?: number;
  /** Skeletons are enlarged by a factor in [1 - scale, 1 + scale]; videos and key points stay. All together: `zoom`. */
  scale?: number;
  /** Standard deviation of normal noise on each coordinate of a skeleton's joint, in metres. */
  jitter?: number;
  /**
   * Videos are moved by up to so many whole pixels in each direction; the edges are repeated. Skeletons stay, and key points too: they
   * are told from the middle of the whole picture, of which a video may be any part.
   */
  shift?: number;
  /** Videos' values are multiplied by a factor in [1 - brightness, 1 + brightness] and held in their range. */
  brightness?: number;
  /** Up to this share of the time is cut off, the rest stretched over all frames; all modalities alike. */
  cropTime?: number;
  /**
   * All modalities are rolled about the viewing axis by up to so many degrees, by the same angle: frames about their centre
   * (bilinear, edges repeated), skeletons about the axis x = y = 0, key points about the centre of the picture. Skeletons that were
   * prepared with `alignView` have lost their viewing axis: leave `roll` out.
   */
  roll?: number;
  /**
   * All modalities are enlarged by the same factor in [1 - zoom, 1 + zoom]: frames and key points about the centre of the
   * picture; skeletons as bodies that are so much larger at the same distance, so x and y about the viewing axis and z about
   * the mean depth of all joints. A joint stays on its pixel up to the relief of the body: a share (zoom * (z - mean) / z) of
   * its distance to the picture's centre.
   */
  zoom?: number;
  /** A square of this many pixels is cut out of every frame of videos, whose shape becomes smaller; nothing else changes, as with `shift`. */
  crop?: CropOptions;
  /**
   * Probability that a sample is mirrored, all modalities together: frames about their vertical middle line, skeletons about the
   * plane x = 0, key points about the picture's middle. Frames and joints then agree as before, up to a move to the side where
   * skeletons were centred or frames cut out around a person.
   */
  mirror?: number;
  /**
   * Left and right joints that a mirror swaps. By default known by their number: NTU's 25, UTD-MHAD's 20, COCO's 17, OpenPose's 18,
   * iMiGUE's 35 and the 22 of them above the hips.
   */
  mirrorJoints?: readonly (readonly [number, number])[];
  /** Classes that are another one in a mirror, as pairs of names: `[['swipe left', 'swipe right']]`. Default none. */
  mirrorClasses?: readonly (readonly [string, string])[];
  /** What a mirror multiplies each channel of a series by, 1 or -1, by modality: nothing else says which way a sensor was worn. */
  mirrorSeries?: { readonly [modality: string]: readonly number[] };
}

/** Which part of each frame of a video is taken. */
export interface CropOptions {
  /** Side of the square, in pixels. */
  size: number;
  /** Where it is: one place for all frames of a sample, drawn by (seed, epoch, id), or the centre. Default `'random'`. */
  place?: 'random' | 'centre';
}

/** The options with their defaults. @throws {DatasetError} for a number that is out of its range */
export function checkAugmentation(options: AugmentationOptions) {
  const numbers = {
    seed: options.seed ?? 0,
    rotation: options.rotation ?? 0,
    scale: options.scale ?? 0,
    jitter: options.jitter ?? 0,
    shift: options.shift ?? 0,
    brightness: options.brightness ?? 0,
    cropTime: options.cropTime ?? 0,
    roll: options.roll ?? 0,
    zoom: options.zoom ?? 0,
    mirror: options.mirror ?? 0,
  };
  for (const name of Object.keys(numbers) as (keyof typeof numbers)[]) {
    const value = numbers[name];
    const [least, greatest] = RANGES[name];
    if (!(value >= least && value <= greatest)) {
      throw new DatasetError(
        `${name}: ${value} was given, a number from ${least} to ${greatest} was expected`,
      );
    }
  }
  const { crop } = options;
  if (crop && !(Number.isSafeInteger(crop.size) && crop.size >= 1)) {
    throw new DatasetError(`crop: size ${crop.size} was given, a whole number of pixels was expected`);
  }
  if (crop && !['random', 'centre', undefined].includes(crop.place)) {
    throw new DatasetError(`crop: place '${crop.place}' was given, 'random' or 'centre' was expected`);
  }
  return { ...options, ...numbers };
}

const RANGES = {
  seed: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
  rotation: [0, 180],
  scale: [0, 0.9],
  jitter: [0, Number.POSITIVE_INFINITY],
  shift: [0, Number.POSITIVE_INFINITY],
  brightness: [0, 1],
  cropTime: [0, 0.9],
  roll: [0, 180],
  zoom: [0, 0.9],
  mirror: [0, 1],
} as const;
