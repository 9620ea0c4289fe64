import { shown, ThreatModelError } from '../../errors.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import { along, span } from './along.js';
import type { Mask } from './maskOn.js';
import type { MaskAxisOptions } from './onlyJoints.js';

/** Consecutive frames. */
export interface FrameSpan {
  /** The first. Default 0. */
  from?: number;
  /** The first that is no longer among them. Default: the number of frames. */
  to?: number;
}

/**
 * A mask that lets an attack write some frames only.
 * @param frames numbers of frames, from 0, or a span of them
 * @param options the axis of frames. Default 1, as in clips `[batch, frames, height, width, channels]`; in skeletons
 *   `[batch, persons, frames, joints, coordinates]` it is -3
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the input has no such frame or axis,
 *   or the span is empty
 * @example
 * ```ts
 * import { onlyFrames, pgd } from '@amr/attacks';
 * const attack = pgd({
 *   rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1], mask: onlyFrames({ to: 4 }) },
 *   skeleton: { norm: 'linf', epsilon: 0.02, mask: onlyFrames([0, 2, 4], { axis: -3 }) },
 * });
 * console.log(attack.name);
 * ```
 */
export function onlyFrames(frames: readonly number[] | FrameSpan, { axis = 1 }: MaskAxisOptions = {}): Mask {
  return (x) => {
    const place = axisOf(x, axis, 'frames');
    return along(x, place, isList(frames) ? frames : spanOf(frames, x.shape[place]!), 'frame');
  };
}

function isList(frames: readonly number[] | FrameSpan): frames is readonly number[] {
  return Array.isArray(frames);
}

function spanOf({ from = 0, to }: FrameSpan, count: number): number[] {
  const end = to ?? count;
  if (!(Number.isInteger(from) && Number.isInteger(end) && from >= 0 && from < end && end <= count)) {
    throw new ThreatModelError(
      `The mask's frames go from ${shown(from)} up to ${shown(end)} (not included) of ${count} frames; expected whole numbers, 0 <= from < to <= ${count}.`,
    );
  }
  return span(from, end);
}
