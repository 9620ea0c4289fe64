/**
 * The 25 joints of Kinect v2 in the order of NTU RGB+D (Shahroudy et al., CVPR 2016, figure 1), there numbered from 1.
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

/** Number of a joint of {@link ntuJoints} by its name. */
export const joint = Object.fromEntries(ntuJoints.map((name, number) => [name, number])) as {
  [name in (typeof ntuJoints)[number]]: number;
};

/** The 24 bones of the NTU skeleton as pairs [joint, parent] of 0-based joint numbers; the root is joint 0. */
export const ntuBones: readonly (readonly [number, number])[] = [
  [1, 0],
  [20, 1],
  [2, 20],
  [3, 2],
  [4, 20],
  [5, 4],
  [6, 5],
  [7, 6],
  [21, 7],
  [22, 7],
  [8, 20],
  [9, 8],
  [10, 9],
  [11, 10],
  [23, 11],
  [24, 11],
  [12, 0],
  [13, 12],
  [14, 13],
  [15, 14],
  [16, 0],
  [17, 16],
  [18, 17],
  [19, 18],
];

/** Pairs of left and right joints of the NTU skeleton, what a mirror swaps. */
export const ntuMirror: readonly (readonly [number, number])[] = [
  [4, 8],
  [5, 9],
  [6, 10],
  [7, 11],
  [12, 16],
  [13, 17],
  [14, 18],
  [15, 19],
  [21, 23],
  [22, 24],
];

/** Pairs of left and right joints of UTD-MHAD's 20-joint skeleton, what a mirror swaps. */
export const utdMhadMirror: readonly (readonly [number, number])[] = [
  [4, 8],
  [5, 9],
  [6, 10],
  [7, 11],
  [12, 16],
  [13, 17],
  [14, 18],
  [15, 19],
];
