/** Pairs of joint numbers, counted from 0: bones as [joint, parent], or left and right joints, which a mirror swaps. */
export type JointPairs = readonly (readonly [number, number])[];
