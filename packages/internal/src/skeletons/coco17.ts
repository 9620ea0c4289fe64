import type { JointPairs } from './jointPairs.js';

/* COCO's 17 points: nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles, left before right. */

// biome-ignore format: limb by limb
/** Bones as [joint, parent], counted from 0; the root is the nose, as in PYSKL. */
export const coco17Bones: JointPairs = [
  [1, 0], [3, 1], [2, 0], [4, 2],
  [5, 0], [7, 5], [9, 7], [11, 5], [13, 11], [15, 13],
  [6, 0], [8, 6], [10, 8], [12, 6], [14, 12], [16, 14],
];

/** Pairs of left and right points: eyes, ears, shoulders, elbows, wrists, hips, knees, ankles. */
export const coco17Mirror: JointPairs = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [15, 16]]; // biome-ignore format: a list
