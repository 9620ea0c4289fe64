import { ntuMirror, utdMhadMirror } from '../generator/skeleton.js';
import { imigueUpperBody } from '../sets/imigue/upperBody.js';

/** Left and right joints, which a mirror swaps. */
export type MirrorPairs = readonly (readonly [number, number])[];

// biome-ignore format: a list
/** COCO's 17 points: eyes, ears, shoulders, elbows, wrists, hips, knees, ankles. */
const coco17: MirrorPairs = [[1, 2], [3, 4], [5, 6], [7, 8], [9, 10], [11, 12], [13, 14], [15, 16]];
// biome-ignore format: a list
/** OpenPose's 18 points: arms, legs, eyes, ears. */
const openpose18: MirrorPairs = [[2, 5], [3, 6], [4, 7], [8, 11], [9, 12], [10, 13], [14, 15], [16, 17]];
// biome-ignore format: a list
/** OpenPose's 25 points of the body: arms, legs, eyes, ears, feet; then iMiGUE's finger tips of both hands. */
const imigue35: MirrorPairs = [
  [2, 5], [3, 6], [4, 7], [9, 12], [10, 13], [11, 14], [15, 16], [17, 18], [19, 22], [20, 23], [21, 24],
  [25, 30], [26, 31], [27, 32], [28, 33], [29, 34],
];
const imigueUpper22: MirrorPairs = imigue35
  .map(([a, b]) => [imigueUpperBody.indexOf(a), imigueUpperBody.indexOf(b)] as const)
  .filter(([a, b]) => a >= 0 && b >= 0);

/** By number of joints: no two layouts that are read here have the same. */
const layouts: { readonly [joints: number]: MirrorPairs } = {
  17: coco17,
  18: openpose18,
  20: utdMhadMirror,
  22: imigueUpper22,
  25: ntuMirror,
  35: imigue35,
};

/** The pairs of the layout that has so many joints, if there is one that the library knows. */
export const mirrorPairs = (joints: number): MirrorPairs | undefined => layouts[joints];
