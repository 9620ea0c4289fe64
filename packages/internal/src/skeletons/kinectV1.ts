import type { JointPairs } from './jointPairs.js';

/*
 * The 20 joints of Kinect v1, UTD-MHAD's skeleton: head, spine between the shoulders, spine, spine base, then shoulder,
 * elbow, wrist and hand of the left and the right arm, then hip, knee, ankle and foot of the left and the right leg.
 */

// biome-ignore format: limb by limb
/** Bones as [joint, parent], counted from 0; the spine's own go from the head down. */
export const kinectV1Bones: JointPairs = [
  [0, 1], [1, 2], [2, 3],
  [4, 1], [5, 4], [6, 5], [7, 6],
  [8, 1], [9, 8], [10, 9], [11, 10],
  [12, 3], [13, 12], [14, 13], [15, 14],
  [16, 3], [17, 16], [18, 17], [19, 18],
];

// biome-ignore format: arms, legs
/** Pairs of left and right joints of UTD-MHAD's 20-joint skeleton, which a mirror swaps. */
export const utdMhadMirror: JointPairs = [
  [4, 8], [5, 9], [6, 10], [7, 11],
  [12, 16], [13, 17], [14, 18], [15, 19],
];
