/**
 * The 22 of iMiGUE's 35 points that are above the hips, in the order of the columns: OpenPose's 0 to 7 and 15 to 18 of the body, then
 * the finger tips of the left hand and of the right.
 */
export const imigueUpperBody: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 15, 16, 17, 18],
  ...Array.from({ length: 10 }, (_, i) => 25 + i),
];
