import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { budgetChecks } from '../../options.js';
import { axisOf } from '../../skeleton/skeletonAxes.js';
import { along, span } from './along.js';
import type { Mask } from './maskOn.js';

const { checkOption, rejectUnknownOptions } = budgetChecks;

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
 * A mask that lets an attack write only one rectangle, the same in all frames and channels. With an epsilon as wide as
 * the range this is the adversarial patch of Brown et al. (2017) at a known position; with {@link sameInEachFrame} the
 * patch also looks the same in each frame.
 * @returns a function for a budget's `mask`; it throws {@link ThreatModelError} when the patch doesn't fit into the input
 * @throws {ThreatModelError} when an option is unknown
 * @example
 * ```ts
 * import { onlyPatch, pgd } from '@amr/attacks';
 * const mask = onlyPatch({ top: 2, left: 2, height: 8, width: 8 });
 * const attack = pgd({ rgb: { norm: 'linf', epsilon: 1, range: [0, 1], mask } });
 * console.log(attack.name);
 * ```
 */
export function onlyPatch(options: PatchOptions): Mask {
  const { top, left, height, width, axes = {} } = options;
  rejectUnknownOptions('onlyPatch', options, [
    'top',
    'left',
    'height',
    'width',
    'axes',
  ] satisfies (keyof PatchOptions)[]);
  rejectUnknownOptions('onlyPatch.axes', axes, ['height', 'width'] satisfies (keyof typeof axes)[]);
  return (x) =>
    tf.tidy(() => {
      const rows = axisOf(x, axes.height ?? -3, 'onlyPatch.axes.height');
      const columns = axisOf(x, axes.width ?? -2, 'onlyPatch.axes.width');
      checkOption('onlyPatch.axes', [rows, columns], rows !== columns, 'two different axes');
      checkSide('onlyPatch.top', 'onlyPatch.height', top, height, x, rows);
      checkSide('onlyPatch.left', 'onlyPatch.width', left, width, x, columns);
      return tf.mul(
        along(x, rows, span(top, top + height), 'onlyPatch.top'),
        along(x, columns, span(left, left + width), 'onlyPatch.left'),
      );
    });
}

/** Refuses a side of the patch that is not whole pixels inside the input. */
function checkSide(
  startPath: string,
  sizePath: string,
  start: number,
  size: number,
  x: tf.Tensor,
  axis: number,
): void {
  const input = `axis ${axis} of the input, ${formatValue(x)}, has ${x.shape[axis]}`;
  checkOption(startPath, start, Number.isInteger(start) && start >= 0, 'a whole number from 0');
  const most = x.shape[axis]! - start;
  const good = Number.isInteger(size) && size >= 1 && size <= most;
  checkOption(sizePath, size, good, `a whole number from 1 to ${most} with a start at ${start}, as ${input}`);
}
