import {
  coco17Mirror,
  imigueMirror,
  imigueUpperMirror,
  type JointPairs,
  ntuMirror,
  openpose18Mirror,
  utdMhadMirror,
} from '@amr/internal';

/** Left and right joints, which a mirror swaps. */
export type MirrorPairs = JointPairs;

/** By number of joints: no two layouts that are read here have the same. */
const layouts: { readonly [joints: number]: MirrorPairs } = {
  17: coco17Mirror,
  18: openpose18Mirror,
  20: utdMhadMirror,
  22: imigueUpperMirror,
  25: ntuMirror,
  35: imigueMirror,
};

/** The pairs of the layout that has so many joints, if there is one that the library knows. */
export const mirrorPairs = (joints: number): MirrorPairs | undefined => layouts[joints];
