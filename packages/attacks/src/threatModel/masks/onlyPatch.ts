import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import { along, span } from './along.js';
import type { Mask } from './maskOn.js';

/** Options of {@link onlyPatch}, in pixels. */
export interface PatchOptions {
  /** Rows above the patch, from 0. */
  top: number;
  /** Columns left of the patch, from 0. */
  left: number;
  /** Rows in the patch, 1 or more. */
  height: number;
  /** Columns in the patch, 1 or more. */
  width: number;
  /** The axes of height and width; negative numbers count from the last. Default -3 and -2: channels last. */
  axes?: {
    /** The axis of rows. Default -3. */
    height?: number;
    /** The axis of columns. Default -2. */
    width?: number;
  };
}

/**
 * A mask that lets an attack write one rectangle only, the same in all frames and channels. With an epsilon as wide as
 * the range this is the adversarial patch of Brown et al. (2017) at a known place; with {@link sameInEachFrame} it stands
 * still as well.
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the patch doesn't fit into the input
 * @example
 * ```ts
 * import { onlyPatch, pgd } from '@amr/attacks';
 * const mask = onlyPatch({ top: 2, left: 2, height: 8, width: 8 });
 * const attack = pgd({ rgb: { norm: 'linf', epsilon: 1, range: [0, 1], mask } });
 * console.log(attack.name);
 * ```
 */
export function onlyPatch({ top, left, height, width, axes = {} }: PatchOptions): Mask {
  return (x) =>
    tf.tidy(() => {
      const rows = axisOf(x, axes.height ?? -3, 'height');
      const columns = axisOf(x, axes.width ?? -2, 'width');
      const fits = (start: number, size: number, axis: number) =>
        Number.isInteger(start) &&
        Number.isInteger(size) &&
        start >= 0 &&
        size > 0 &&
        start + size <= x.shape[axis]!;
      if (rows === columns || !fits(top, height, rows) || !fits(left, width, columns)) {
        throw new ThreatModelError(
          `The patch has its corner at row ${shown(top)} and column ${shown(left)} and is ${shown(height)} high and ${shown(width)} wide, but the input is ${shown(x)} with ${x.shape[rows]} rows (axis ${rows}) and ${x.shape[columns]} columns (axis ${columns}); expected a rectangle of whole pixels inside it.`,
        );
      }
      return tf.mul(
        along(x, rows, span(top, top + height), 'row'),
        along(x, columns, span(left, left + width), 'column'),
      );
    });
}
