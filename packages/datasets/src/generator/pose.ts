import type { Vec3 } from './vector.js';

/** Where a hand goes, before it is known where that is. */
export type Reach =
  | {
      /**
       * What the place is told from: the arm's own `shoulder`, the `chest` (between the shoulders) or the `head`, with that
       * part's axes; or the place on the `ground` where the person stands, with upright axes.
       */
      from: 'shoulder' | 'chest' | 'head' | 'ground';
      /** Place of the wrist: [outward, up, forward] in metres on a body of 1.72 m; outward is to the arm's own side. */
      at: Vec3;
      /** Where the elbow points, [outward, up, forward]. */
      elbow?: Vec3;
      /** What turns the hand away from the forearm's direction, whose length is 1; [outward, up, forward]. */
      point?: Vec3;
      /** Where the thumb points, [outward, up, forward]. */
      thumb?: Vec3;
    }
  | {
      /** Between two reaches; `bow` metres are added forward halfway, for a path that goes around the body. */
      between: readonly [Reach, Reach];
      /** 0 is the first, 1 the second. */
      by: number;
      bow?: number;
    };

/** Where a foot goes. */
export interface Step {
  /** Place of the ankle: [outward, up, forward] in metres from where it stands at rest, on a body of 1.72 m. */
  at: Vec3;
  /** Toes down, in radians. */
  pitch?: number;
}

/** A posture, independent of the body that takes it. Angles in radians, `right` first in pairs of components. */
export interface Pose {
  /** The pelvis beside its place at rest: [right, up, forward] in metres on a body of 1.72 m. */
  shift: Vec3;
  /** The whole body to the left. */
  turn: number;
  /** The pelvis forward and to the right. */
  lean: readonly [pitch: number, roll: number];
  /** The spine forward, to the right, and the shoulders to the left. */
  bend: readonly [pitch: number, roll: number, twist: number];
  /** The head forward and to the left. */
  look: readonly [pitch: number, turn: number];
  left: { arm: Reach; foot: Step };
  right: { arm: Reach; foot: Step };
}

/** The arm of someone who stands and does nothing. */
export const hanging: Reach = { from: 'shoulder', at: [0.05, -0.525, 0.04], elbow: [0.25, -0.2, -1] };

/** The posture of someone who stands and does nothing. */
export const standing: Pose = {
  shift: [0, 0, 0],
  turn: 0,
  lean: [0, 0],
  bend: [0, 0, 0],
  look: [0, 0],
  left: { arm: hanging, foot: { at: [0, 0, 0] } },
  right: { arm: hanging, foot: { at: [0, 0, 0] } },
};

/** The same posture seen in a mirror. */
export function mirrored(pose: Pose): Pose {
  const [right, up, forward] = pose.shift;
  const [pitch, roll, twist] = pose.bend;
  return {
    shift: [-right, up, forward],
    turn: -pose.turn,
    lean: [pose.lean[0], -pose.lean[1]],
    bend: [pitch, -roll, -twist],
    look: [pose.look[0], -pose.look[1]],
    left: pose.right,
    right: pose.left,
  };
}

/** Between two reaches: a share `by` of the way from the one to the other. */
export const between = (a: Reach, b: Reach, by: number, bow = 0): Reach => ({ between: [a, b], by, bow });
