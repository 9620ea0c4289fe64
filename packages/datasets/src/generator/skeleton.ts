import { ntuJoints } from '@amr/internal';

/** Number of a joint of {@link ntuJoints} by its name. */
export const joint = Object.fromEntries(ntuJoints.map((name, number) => [name, number])) as {
  [name in (typeof ntuJoints)[number]]: number;
};
