/** A square part of a video's pictures, in pixels. */
export interface PersonBox {
  /** Column of its left edge. */
  x: number;
  /** Row of its upper edge. */
  y: number;
  /** Its width and height. */
  side: number;
}

/** What {@link personBox} keeps to. */
export interface PersonBoxOptions {
  /** Width of the picture in pixels. */
  width: number;
  /** Height of the picture in pixels. */
  height: number;
  /** What is added to the larger of the joints' width and height, as a share of it; default 0.25, as PYSKL's PoseCompact has it. */
  margin?: number;
}

/**
 * The square box around all 2D joints of a clip, of every body and frame: its side is (1 + margin) times the larger of the joints'
 * width and height, at most the picture's shorter side. It is moved, not cut, where it would leave the picture. Joints outside of
 * the picture count as at its edge; those that aren't finite, or farther off than the picture is large, are those that a sensor
 * made up, and don't count.
 * @param joints column and row of each joint in pixels, one after the other
 * @returns the box in even whole pixels, which pictures of halved colour planes are cut at; undefined when no joint counts
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
  const most = Math.min(width, height);
  const wanted = Math.ceil((1 + margin) * Math.max(right - left, bottom - top));
  // Fewer pixels than this show nobody.
  const side = Math.max(1, even(Math.min(most, Math.max(16, wanted))));
  const place = (middle: number, size: number) =>
    even(Math.max(0, Math.min(size - side, Math.round(middle - side / 2))));
  return { x: place((left + right) / 2, width), y: place((top + bottom) / 2, height), side };
}

/** The even number at or below. */
const even = (value: number) => value - (value % 2);
