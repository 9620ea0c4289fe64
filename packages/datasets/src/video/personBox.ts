import { optionKeys, rejectUnknownOptions } from '../options.js';

/** A square in a video's pictures, in pixels. */
export interface PersonBox {
  /** Column of its left edge. */
  x: number;
  /** Row of its upper edge. */
  y: number;
  /** Its width and height. */
  side: number;
}

/** Options of {@link personBox}. */
export interface PersonBoxOptions {
  /** Width of the picture in pixels. */
  width: number;
  /** Height of the picture in pixels. */
  height: number;
  /** Margin as a fraction of the larger of the joints' width and height. Default 0.25, as in PYSKL's PoseCompact. */
  margin?: number;
}

const boxKeys = optionKeys<PersonBoxOptions>({ width: true, height: true, margin: true });
/** A person can't be recognised in fewer pixels. */
const MIN_SIDE = 16;

/**
 * The square box around all 2D joints of a clip, of every body and frame: its side is (1 + margin) times the larger of the joints'
 * width and height, at most the picture's shorter side. Where the box would leave the picture, it is moved, not cut. Joints
 * outside the picture count as at its edge. Joints that aren't finite, or that are further outside than the picture is large,
 * are errors of the sensor and are ignored.
 * @param joints column and row of each joint in pixels, one after the other
 * @returns the box in even pixels, since pictures with subsampled colour can only be cut at even ones; undefined when all joints
 * are ignored
 * @throws {DatasetError} when an option is not known
 * @example
 * ```ts
 * import { personBox } from '@amr/datasets';
 *
 * const joints = [900, 300, 1000, 500, 950, 700];
 * console.log(personBox(joints, { width: 1920, height: 1080 })); // { x: 700, y: 250, side: 500 }
 * ```
 */
export function personBox(joints: ArrayLike<number>, options: PersonBoxOptions): PersonBox | undefined {
  const { width, height, margin = 0.25 } = options;
  rejectUnknownOptions('personBox', options, boxKeys);
  let [left, right, top, bottom] = [width, 0, height, 0];
  let any = false;
  for (let i = 0; i + 1 < joints.length; i += 2) {
    const [x, y] = [joints[i]!, joints[i + 1]!];
    if (!(Math.abs(x - width / 2) <= 1.5 * width && Math.abs(y - height / 2) <= 1.5 * height)) continue;
    any = true;
    left = Math.min(left, Math.max(0, x));
    right = Math.max(right, Math.min(width, x));
    top = Math.min(top, Math.max(0, y));
    bottom = Math.max(bottom, Math.min(height, y));
  }
  if (!any) return undefined;
  const maxSide = Math.min(width, height);
  const wanted = Math.ceil((1 + margin) * Math.max(right - left, bottom - top));
  const side = Math.max(1, even(Math.min(maxSide, Math.max(MIN_SIDE, wanted))));
  const start = (middle: number, size: number) =>
    even(Math.max(0, Math.min(size - side, Math.round(middle - side / 2))));
  return { x: start((left + right) / 2, width), y: start((top + bottom) / 2, height), side };
}

/** The even number at or below. */
const even = (value: number) => value - (value % 2);
