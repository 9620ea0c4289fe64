import type { JointPairs } from './jointPairs.js';

/* OpenPose's 18 points, COCO's with a neck: nose, neck, right arm, left arm, right leg, left leg, eyes, ears, right first. */

// biome-ignore format: limb by limb
/** Bones as [joint, parent], counted from 0; the root is the neck. */
export const openpose18Bones: JointPairs = [
  [0, 1], [14, 0], [16, 14], [15, 0], [17, 15],
  [2, 1], [3, 2], [4, 3], [8, 2], [9, 8], [10, 9],
  [5, 1], [6, 5], [7, 6], [11, 5], [12, 11], [13, 12],
];

/** Pairs of right and left points: arms, legs, eyes, ears. */
export const openpose18Mirror: JointPairs = [[2, 5], [3, 6], [4, 7], [8, 11], [9, 12], [10, 13], [14, 15], [16, 17]]; // biome-ignore format: a list
