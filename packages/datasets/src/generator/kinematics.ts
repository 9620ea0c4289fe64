import type { Pose, Reach } from './pose.js';
import { joint } from './skeleton.js';
import type { Proportions } from './subjects.js';
import {
  add,
  direction,
  dot,
  type Frame,
  mix,
  norm,
  perpendicular,
  pitched,
  rolled,
  subtract,
  times,
  turned,
  upright,
  type Vec3,
  within,
} from './vector.js';

/** A body in a posture: joints in metres around the place of the person, y = 0 at the floor, and the frames of some parts. */
export interface PosedBody {
  /** The 25 joints, in the order of `ntuJoints`. */
  joints: Vec3[];
  head: Frame;
  chest: Frame;
  pelvis: Frame;
}

const degrees = Math.PI / 180;

/** Joint limits in radians, [min, max], of the pelvis, the whole spine, the neck, elbow and knee. */
export const jointLimits = {
  leanPitch: [-25 * degrees, 75 * degrees],
  leanRoll: [-25 * degrees, 25 * degrees],
  bendPitch: [-25 * degrees, 70 * degrees],
  bendRoll: [-35 * degrees, 35 * degrees],
  bendTwist: [-50 * degrees, 50 * degrees],
  lookPitch: [-40 * degrees, 50 * degrees],
  lookTurn: [-75 * degrees, 75 * degrees],
  elbow: [2 * degrees, 150 * degrees],
  knee: [2 * degrees, 150 * degrees],
} as const satisfies { [name: string]: readonly [number, number] };

/**
 * Joints of a body in a posture, by forward kinematics along the spine and two-bone inverse kinematics for the limbs: hands and
 * feet reach for places. Angles are clipped to `jointLimits`, and a limb that is too short stretches towards its place, so bone
 * lengths stay the same in every posture.
 * @param stance half of the distance between the feet that exceeds the hips', in metres
 */
export function posed(body: Proportions, pose: Pose, stance = 0): PosedBody {
  const joints: Vec3[] = new Array(25);
  const heading = turned(upright, pose.turn);
  const hipHeight = body.ankle + Math.sqrt((body.thigh + body.shin - 0.004) ** 2 - stance ** 2);
  const hipDrop = 0.06 * body.scale;

  const pelvisFrame = rolled(
    pitched(heading, limited('leanPitch', pose.lean[0])),
    limited('leanRoll', pose.lean[1]),
  );
  const pelvis = add(within(heading, times(pose.shift, body.scale)), [0, hipHeight + hipDrop, 0]);
  const [pitch, roll, twist] = pose.bend;
  const half = (frame: Frame) =>
    turned(
      rolled(pitched(frame, limited('bendPitch', pitch) / 2), limited('bendRoll', roll) / 2),
      limited('bendTwist', twist) / 2,
    );
  const middle = half(pelvisFrame);
  const chest = half(middle);
  const head = pitched(turned(chest, limited('lookTurn', pose.look[1])), limited('lookPitch', pose.look[0]));

  joints[joint.spineBase] = pelvis;
  joints[joint.spineMiddle] = add(pelvis, times(middle.up, body.torso * 0.5));
  const shoulders = add(joints[joint.spineMiddle]!, times(chest.up, body.torso * 0.5));
  joints[joint.spineShoulder] = shoulders;
  joints[joint.neck] = add(shoulders, times(chest.up, body.neck));
  joints[joint.head] = add(joints[joint.neck]!, times(head.up, body.head));

  for (const side of ['left', 'right'] as const) {
    const outward = side === 'right' ? 1 : -1;
    const sided = (frame: Frame): Frame => ({ ...frame, right: times(frame.right, outward) });
    const ownChest = sided(chest);
    const shoulder = add(shoulders, within(ownChest, [body.shoulderWidth / 2, -0.03 * body.scale, 0]));
    const origins = {
      shoulder: { at: shoulder, axes: ownChest },
      chest: { at: shoulders, axes: ownChest },
      head: { at: joints[joint.head]!, axes: sided(head) },
      ground: { at: [0, 0, 0] as Vec3, axes: sided(heading) },
    };
    const goal = resolve(pose[side].arm, origins, ownChest, body.scale);
    const arm = twoBones(shoulder, goal.wrist, body.upperArm, body.forearm, goal.elbow, jointLimits.elbow);
    const forearm = direction(subtract(arm.end, arm.middle));
    const fingers = direction(add(forearm, goal.point), forearm);
    const thumb = direction(add(times(fingers, 0.35), perpendicular(goal.thumb, fingers, ownChest.up)));
    const hand = add(arm.end, times(fingers, body.palm));
    joints[joint[`${side}Shoulder`]] = shoulder;
    joints[joint[`${side}Elbow`]] = arm.middle;
    joints[joint[`${side}Wrist`]] = arm.end;
    joints[joint[`${side}Hand`]] = hand;
    joints[joint[`${side}HandTip`]] = add(hand, times(fingers, body.fingers));
    joints[joint[`${side}Thumb`]] = add(hand, times(thumb, body.thumb));

    const hip = add(pelvis, within(sided(pelvisFrame), [body.hipWidth / 2, -hipDrop, 0]));
    const { at, pitch: toes = 0 } = pose[side].foot;
    const place = within(sided(heading), [
      body.hipWidth / 2 + stance + at[0] * body.scale,
      body.ankle + at[1] * body.scale,
      at[2] * body.scale,
    ]);
    const knee = within(sided(heading), [0.15, 0.1, 1]);
    const leg = twoBones(hip, place, body.thigh, body.shin, knee, jointLimits.knee);
    const sole = pitched(turned(heading, -outward * 0.2), toes);
    joints[joint[`${side}Hip`]] = hip;
    joints[joint[`${side}Knee`]] = leg.middle;
    joints[joint[`${side}Ankle`]] = leg.end;
    joints[joint[`${side}Foot`]] = add(leg.end, times(within(sole, [0, -0.35, 0.94]), body.foot));
  }
  return { joints, head, chest, pelvis: pelvisFrame };
}

interface Goal {
  wrist: Vec3;
  elbow: Vec3;
  point: Vec3;
  thumb: Vec3;
}

function resolve(
  reach: Reach,
  origins: { [from: string]: { at: Vec3; axes: Frame } },
  chest: Frame,
  scale: number,
): Goal {
  if ('between' in reach) {
    const { between, by, bow = 0 } = reach;
    const a = resolve(between[0], origins, chest, scale);
    const b = resolve(between[1], origins, chest, scale);
    const around = times(within(chest, [0.3, 0, 1]), bow * scale * 4 * by * (1 - by));
    return {
      wrist: add(mix(a.wrist, b.wrist, by), around),
      elbow: mix(a.elbow, b.elbow, by),
      point: mix(a.point, b.point, by),
      thumb: mix(a.thumb, b.thumb, by),
    };
  }
  const { at, axes } = origins[reach.from]!;
  return {
    wrist: add(at, within(axes, times(reach.at, scale))),
    elbow: within(chest, reach.elbow ?? [0.4, -1, -0.4]),
    point: within(chest, reach.point ?? [0, 0, 0]),
    // The thumb is in front of a hanging arm, and on top of an arm that is stretched forward.
    thumb: within(chest, reach.thumb ?? [-0.4, 0.6, 0.7]),
  };
}

/** The middle joint and the end of two bones that reach from `start` to `goal`, bent towards `pole` within the limits. */
function twoBones(
  start: Vec3,
  goal: Vec3,
  first: number,
  second: number,
  pole: Vec3,
  [straight, bent]: readonly [number, number],
): { middle: Vec3; end: Vec3 } {
  // The inner angle is pi minus the flexion, so the law of cosines gives the limits of the distance.
  const reach = (flexion: number) =>
    Math.sqrt(first ** 2 + second ** 2 + 2 * first * second * Math.cos(flexion));
  const way = subtract(goal, start);
  const axis = direction(way, [0, -1, 0]);
  const distance = Math.min(reach(straight), Math.max(reach(bent), norm(way)));
  const along = (first ** 2 - second ** 2 + distance ** 2) / (2 * distance);
  const off = Math.sqrt(Math.max(0, first ** 2 - along ** 2));
  const towards = perpendicular(pole, axis);
  return {
    middle: add(start, add(times(axis, along), times(towards, off))),
    end: add(start, times(axis, distance)),
  };
}

/** The angle between two adjacent bones: 0 when they are in line. */
export function flexion(from: Vec3, through: Vec3, to: Vec3): number {
  const cosine = dot(direction(subtract(through, from)), direction(subtract(to, through)));
  return Math.acos(Math.max(-1, Math.min(1, cosine)));
}

function limited(limit: keyof typeof jointLimits, angle: number): number {
  const [min, max] = jointLimits[limit];
  return Math.max(min, Math.min(max, angle));
}
