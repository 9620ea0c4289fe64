import { budgetChecks } from '../../options.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import { along, span } from './along.js';
import type { Mask } from './maskOn.js';
import { MASK_AXIS_KEYS, type MaskAxisOptions } from './onlyJoints.js';

/** Consecutive frames. */
export interface FrameSpan {
  /** The first frame. Default 0. */
  from?: number;
  /** The frame after the last. Default: the number of frames. */
  to?: number;
}

/**
 * A mask that lets an attack write only some frames.
 * @param frames numbers of frames, from 0, or a span of them
 * @param options the axis of frames. Default 1, as in clips `[batch, frames, height, width, channels]`; in skeletons
 *   `[batch, persons, frames, joints, coordinates]` it is -3
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the input has no such frame or axis,
 *   or the span is empty
 * @throws {ThreatModelError} when an option is unknown
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
export function onlyFrames(frames: readonly number[] | FrameSpan, options: MaskAxisOptions = {}): Mask {
  const { axis = 1 } = options;
  budgetChecks.rejectUnknownOptions('onlyFrames', options, MASK_AXIS_KEYS);
  if (!isList(frames)) budgetChecks.rejectUnknownOptions('onlyFrames.frames', frames, SPAN_KEYS);
  return (x) => {
    const found = axisOf(x, axis, 'onlyFrames.axis');
    const indices = isList(frames) ? frames : spanOf(frames, x.shape[found]!);
    return along(x, found, indices, 'onlyFrames.frames');
  };
}

const SPAN_KEYS = ['from', 'to'] as const satisfies (keyof FrameSpan)[];

function isList(frames: readonly number[] | FrameSpan): frames is readonly number[] {
  return Array.isArray(frames);
}

function spanOf({ from = 0, to }: FrameSpan, count: number): number[] {
  const end = to ?? count;
  const good = Number.isInteger(from) && Number.isInteger(end) && from >= 0 && from < end && end <= count;
  const expected = `[from, to] in whole numbers with 0 <= from < to <= ${count}, the number of frames`;
  budgetChecks.checkOption('onlyFrames.frames', [from, end], good, expected);
  return span(from, end);
}
