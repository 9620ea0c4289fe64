import type { JointPairs } from './jointPairs.js';

/**
 * The 25 joints of Kinect v2 in the order of NTU RGB+D (Shahroudy et al., CVPR 2016, figure 1, which numbers them from 1).
 * Left and right are the person's own.
 */
export const ntuJoints = [
  'spineBase',
  'spineMiddle',
  'neck',
  'head',
  'leftShoulder',
  'leftElbow',
  'leftWrist',
  'leftHand',
  'rightShoulder',
  'rightElbow',
  'rightWrist',
  'rightHand',
  'leftHip',
  'leftKnee',
  'leftAnkle',
  'leftFoot',
  'rightHip',
  'rightKnee',
  'rightAnkle',
  'rightFoot',
  'spineShoulder',
  'leftHandTip',
  'leftThumb',
  'rightHandTip',
  'rightThumb',
] as const;

// biome-ignore format: limb by limb
/** The 24 bones of the NTU skeleton as [joint, parent], counted from 0; the root is joint 0, the base of the spine. */
export const ntuBones: JointPairs = [
  [1, 0], [20, 1], [2, 20], [3, 2],
  [4, 20], [5, 4], [6, 5], [7, 6], [21, 7], [22, 7],
  [8, 20], [9, 8], [10, 9], [11, 10], [23, 11], [24, 11],
  [12, 0], [13, 12], [14, 13], [15, 14],
  [16, 0], [17, 16], [18, 17], [19, 18],
];

/** The bones that join the hands' tips and thumbs, which ST-GCN joins in another way: see {@link ntuBonesOfStgcn}. */
const fingers: readonly number[] = [21, 22, 23, 24];

/**
 * The bones of ST-GCN's and 2s-AGCN's graph: the tip of a hand hangs on the thumb, and the thumb on the hand. As
 * [joint, parent], with the same root.
 */
export const ntuBonesOfStgcn: JointPairs = [
  ...ntuBones.filter(([joint]) => !fingers.includes(joint)),
  ...([[21, 22], [22, 7], [23, 24], [24, 11]] as const), // biome-ignore format: two hands
];

// biome-ignore format: arms, legs, hands
/** Pairs of left and right joints of the NTU skeleton, which a mirror swaps. */
export const ntuMirror: JointPairs = [
  [4, 8], [5, 9], [6, 10], [7, 11],
  [12, 16], [13, 17], [14, 18], [15, 19],
  [21, 23], [22, 24],
];
