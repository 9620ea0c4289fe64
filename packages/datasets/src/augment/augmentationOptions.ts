import { checkCount, checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../options.js';

/** Options of augmentation. Each number is 0 by default, which changes nothing. Plain data, which worker threads are sent. */
export interface AugmentationOptions {
  /** Seed of the random parameters, default 0. */
  seed?: number;
  /**
   * Rotates skeletons by up to so many degrees about the y axis, which is vertical unless they were prepared with `alignView`.
   * Videos and key points stay, since a picture can't show that rotation.
   */
  rotation?: number;
  /** Enlarges skeletons by a factor in [1 - scale, 1 + scale]. Videos and key points stay; `zoom` enlarges all modalities. */
  scale?: number;
  /** Standard deviation of the normal noise that is added to each coordinate of a skeleton's joints, in metres. */
  jitter?: number;
  /**
   * Moves videos by up to so many whole pixels in each direction and repeats the edges. Skeletons and key points stay: key points
   * are relative to the middle of the whole picture, and a video may be any part of it.
   */
  shift?: number;
  /** Multiplies videos' values by a factor in [1 - brightness, 1 + brightness] and clips them to their range. */
  brightness?: number;
  /** Cuts up to this part of the time off, from 0 to 1, and stretches the rest over all frames, the same in all modalities. */
  cropTime?: number;
  /**
   * Rolls all modalities about the viewing axis by the same angle of up to so many degrees: frames about their centre (bilinear,
   * edges repeated), skeletons about the axis x = y = 0, key points about the centre of the picture. Skeletons that were prepared
   * with `alignView` have lost their viewing axis: leave `roll` out.
   */
  roll?: number;
  /**
   * Enlarges all modalities by the same factor in [1 - zoom, 1 + zoom]: frames and key points about the centre of the picture;
   * skeletons as larger bodies at the same distance, so x and y about the viewing axis and z about the mean depth of all
   * joints. A joint stays on its pixel up to the relief of the body: it moves by (zoom * (z - mean) / z) of its distance to the
   * picture's centre.
   */
  zoom?: number;
  /** Crops every frame of videos to a square, which makes their shape smaller. Skeletons and key points stay, as with `shift`. */
  crop?: CropOptions;
  /**
   * Probability that a sample is mirrored, all modalities together: frames about their vertical middle line, skeletons about the
   * plane x = 0, key points about the picture's middle. Frames and joints then agree as before; where skeletons were centred or
   * frames cropped around a person, up to a move to the side.
   */
  mirror?: number;
  /**
   * Pairs of left and right joints that a mirror swaps. By default the layout is known by the number of joints: NTU's 25, UTD-MHAD's 20, COCO's 17, OpenPose's 18,
   * iMiGUE's 35 and the 22 of them above the hips.
   */
  mirrorJoints?: readonly (readonly [number, number])[];
  /** Pairs of classes that a mirror swaps, by name: `[['swipe left', 'swipe right']]`. Default: none. */
  mirrorClasses?: readonly (readonly [string, string])[];
  /** The sign, 1 or -1, that a mirror gives each channel of a series, by modality; it depends on how a sensor was worn. */
  mirrorSeries?: { readonly [modality: string]: readonly number[] };
}

/** Options of a crop. */
export interface CropOptions {
  /** Side of the square, in pixels. */
  size: number;
  /** Place of the square, the same in all frames of a sample: random by (seed, epoch, id), or the centre. Default `'random'`. */
  place?: 'random' | 'center';
}

/** The options with their defaults. @throws {DatasetError} when an option is unknown, or a number out of its range */
export function checkAugmentation(options: AugmentationOptions) {
  rejectUnknownOptions('augmentation', options, augmentationKeys);
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
    const [min, max] = RANGES[name];
    checkOption(name, value, value >= min && value <= max, `a number from ${min} to ${max}`);
  }
  if (options.crop) checkCrop(options.crop);
  return { ...options, ...numbers };
}

/** @throws {DatasetError} when an option of the crop is unknown or not valid */
export function checkCrop(crop: CropOptions): void {
  rejectUnknownOptions('crop', crop, cropKeys);
  checkCount('crop.size', crop.size);
  if (crop.place !== undefined) checkOneOf('crop.place', crop.place, ['random', 'center']);
}

const augmentationKeys = optionKeys<AugmentationOptions>({
  seed: true,
  rotation: true,
  scale: true,
  jitter: true,
  shift: true,
  brightness: true,
  cropTime: true,
  roll: true,
  zoom: true,
  crop: true,
  mirror: true,
  mirrorJoints: true,
  mirrorClasses: true,
  mirrorSeries: true,
});
const cropKeys = optionKeys<CropOptions>({ size: true, place: true });

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
