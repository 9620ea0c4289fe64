import type { Vec3 } from './vector.js';

/** The goal of a hand, relative to a part of any body. */
export type Reach =
  | {
      /**
       * Origin of the place: the arm's `shoulder`, the `chest` (between the shoulders) or the `head`, with the axes of that part;
       * or the point on the `ground` where the person stands, with upright axes.
       */
      from: 'shoulder' | 'chest' | 'head' | 'ground';
      /** Place of the wrist: [outward, up, forward] in metres on a body of 1.72 m; outward is to the arm's side. */
      at: Vec3;
      /** Direction of the elbow, [outward, up, forward]. */
      elbow?: Vec3;
      /** Vector that bends the hand away from the forearm: it is added to the forearm's unit vector; [outward, up, forward]. */
      point?: Vec3;
      /** Direction of the thumb, [outward, up, forward]. */
      thumb?: Vec3;
    }
  | {
      /** A goal between two others; `bow` metres are added forward halfway, so that the path goes around the body. */
      between: readonly [Reach, Reach];
      /** 0: the first goal, 1: the second. */
      by: number;
      bow?: number;
    };

/** The goal of a foot. */
export interface Step {
  /** Place of the ankle relative to its place at rest: [outward, up, forward] in metres on a body of 1.72 m. */
  at: Vec3;
  /** Toes down, in radians. */
  pitch?: number;
}

/** A posture of any body, with angles in radians. */
export interface Pose {
  /** Displacement of the pelvis from its place at rest: [right, up, forward] in metres on a body of 1.72 m. */
  shift: Vec3;
  /** Turn of the whole body to the left. */
  turn: number;
  /** Lean of the pelvis forward and to the right. */
  lean: readonly [pitch: number, roll: number];
  /** Bend of the spine forward and to the right, and twist of the shoulders to the left. */
  bend: readonly [pitch: number, roll: number, twist: number];
  /** Turn of the head forward and to the left. */
  look: readonly [pitch: number, turn: number];
  left: { arm: Reach; foot: Step };
  right: { arm: Reach; foot: Step };
}

/** The arm at rest. */
export const hanging: Reach = { from: 'shoulder', at: [0.05, -0.525, 0.04], elbow: [0.25, -0.2, -1] };

/** The posture at rest, standing. */
export const standing: Pose = {
  shift: [0, 0, 0],
  turn: 0,
  lean: [0, 0],
  bend: [0, 0, 0],
  look: [0, 0],
  left: { arm: hanging, foot: { at: [0, 0, 0] } },
  right: { arm: hanging, foot: { at: [0, 0, 0] } },
};

/** The mirrored posture. */
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

/** A goal between two others; `by` is 0 at the first and 1 at the second. */
export const between = (a: Reach, b: Reach, by: number, bow = 0): Reach => ({ between: [a, b], by, bow });
