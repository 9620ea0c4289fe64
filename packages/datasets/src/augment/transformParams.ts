import { random } from '@amr/internal';
import type { checkAugmentation } from './augmentationOptions.js';

/** Options with their defaults, checked. */
export type CheckedAugmentation = ReturnType<typeof checkAugmentation>;
/** The random parameters of one sample's transform. */
export type TransformParams = ReturnType<typeof transformParams>;

/**
 * Draws the parameters of one sample's transform, a pure function of (seed, epoch, id). The order of the draws is fixed. Later
 * options draw from a second stream, so that the parameters of the older ones stay what they were.
 */
export function transformParams(options: CheckedAugmentation, id: string, epoch: number) {
  const {
    seed,
    rotation: maxRotation,
    scale,
    shift,
    brightness,
    cropTime,
    mirror,
    roll: maxRoll,
    zoom: maxZoom,
  } = options;
  const r = random('augmentation', seed, epoch, id);
  const rotation = (r.uniform(-maxRotation, maxRotation) * Math.PI) / 180;
  const scaleFactor = 1 + r.uniform(-scale, scale);
  const [right, down] = [Math.round(r.uniform(-shift, shift)), Math.round(r.uniform(-shift, shift))];
  const gain = 1 + r.uniform(-brightness, brightness);
  const kept = 1 - r.uniform(0, cropTime);
  const from = r.uniform(0, 1 - kept);
  const mirrored = r.chance(mirror);
  const picture = random('augmentation', seed, epoch, id, 'picture');
  return {
    /** Angle about the vertical axis, in radians. */
    rotation,
    scale: scaleFactor,
    right,
    down,
    gain,
    /** The part of the clip's time that is kept, from 0 to 1; absent: all. */
    time: cropTime > 0 ? ([from, from + kept] as const) : undefined,
    mirrored,
    /** Angle about the viewing axis, in radians. */
    roll: (picture.uniform(-maxRoll, maxRoll) * Math.PI) / 180,
    zoom: 1 + picture.uniform(-maxZoom, maxZoom),
    /** Place of a crop, from 0 (left, top) to 1. */
    cropX: picture.uniform(),
    cropY: picture.uniform(),
    /** Stream of the jitter. */
    noise: r,
  };
}
