import type { SplitRule } from '../../source/splitRule.js';

/** Training performers in the cross-subject protocol of NTU RGB+D 60 (Shahroudy et al., CVPR 2016, section 3.4). */
const trainingSubjects = [1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38];

/** Training performers that NTU RGB+D 120 adds (Liu et al., TPAMI 2019; the list is on the authors' page, shahroudy/NTURGB-D). */
const addedSubjects = [
  45, 46, 47, 49, 50, 52, 53, 54, 55, 56, 57, 58, 59, 70, 74, 78, 80, 81, 82, 83, 84, 85, 86, 89, 91, 92, 93,
  94, 95, 97, 98, 100, 103,
];

/** The protocols of NTU RGB+D 60: cross-subject (20 of 40 performers train), and cross-view (camera 1 tests, 2 and 3 train). */
export const ntu60Splits: {
  /** Cross-subject. */
  xsub: SplitRule;
  /** Cross-view. */
  xview: SplitRule;
} = {
  xsub: { by: 'subject', train: trainingSubjects },
  xview: { by: 'camera', train: [2, 3], test: [1] },
};

/** The protocols of NTU RGB+D 120: cross-subject (53 of 106 performers train), and cross-setup (even setups of 32 train). */
export const ntu120Splits: {
  /** Cross-subject. */
  xsub: SplitRule;
  /** Cross-setup. */
  xset: SplitRule;
} = {
  xsub: { by: 'subject', train: [...trainingSubjects, ...addedSubjects] },
  xset: { by: 'setup', train: Array.from({ length: 16 }, (_, i) => 2 * i + 2) },
};
