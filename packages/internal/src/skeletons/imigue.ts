import type { JointPairs } from './jointPairs.js';

/*
 * The 35 points of iMiGUE's `_light_hand.csv` files, in the order of their columns: OpenPose's 25 of the body, five finger
 * tips of the left hand (25 to 29) and five of the right one (30 to 34). The order is that of the MiGA challenge's reader.
 */

// biome-ignore format: limb by limb
const openpose25Bones: JointPairs = [
  [0, 1], [15, 0], [17, 15], [16, 0], [18, 16],
  [2, 1], [3, 2], [4, 3],
  [5, 1], [6, 5], [7, 6],
  [8, 1], [9, 8], [10, 9], [11, 10], [22, 11], [23, 22], [24, 11],
  [12, 8], [13, 12], [14, 13], [19, 14], [20, 19], [21, 14],
];
const fingers = (first: number, wrist: number): JointPairs =>
  Array.from({ length: 5 }, (_, finger) => [first + finger, wrist]);

/** Bones as [joint, parent], counted from 0; the root is the neck. The finger tips hang on the wrists. */
export const imigueBones: JointPairs = [...openpose25Bones, ...fingers(25, 7), ...fingers(30, 4)];

// biome-ignore format: limb by limb
/** Pairs of right and left points of the body (arms, legs, eyes, ears, feet), then left and right finger tips. */
export const imigueMirror: JointPairs = [
  [2, 5], [3, 6], [4, 7], [9, 12], [10, 13], [11, 14], [15, 16], [17, 18], [19, 22], [20, 23], [21, 24],
  [25, 30], [26, 31], [27, 32], [28, 33], [29, 34],
];

/**
 * The 22 of the 35 points that are above the hips, which is what iMiGUE's seated players show, in the order of the
 * columns: 0 to 7 and 15 to 18 of the body, then the finger tips of the left hand and of the right.
 */
export const imigueUpperBody: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 18],
  ...Array.from({ length: 10 }, (_, tip) => 25 + tip),
];

/** {@link imigueBones} between points of the upper body, which are counted as in {@link imigueUpperBody}. */
export const imigueUpperBones: JointPairs = upperPairs(imigueBones);

/** {@link imigueMirror} of the upper body, counted as in {@link imigueUpperBody}. */
export const imigueUpperMirror: JointPairs = upperPairs(imigueMirror);

function upperPairs(pairs: JointPairs): JointPairs {
  return pairs
    .map(([a, b]) => [imigueUpperBody.indexOf(a), imigueUpperBody.indexOf(b)] as const)
    .filter(([a, b]) => a >= 0 && b >= 0);
}
