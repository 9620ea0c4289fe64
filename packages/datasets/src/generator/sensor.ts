import type { Random } from '@amr/internal';
import { joint } from './skeleton.js';
import type { Vec3 } from './vector.js';

/**
 * Each joint's noise in metres, standard deviation: small on the trunk, larger towards the ends, as Kinect v2's joints
 * scatter (Wang et al., "Evaluation of pose tracking accuracy in the first and second generations of Microsoft Kinect",
 * ICHI 2015, find 1 to 3 cm beyond a constant offset).
 */
const scatter = (() => {
  const metres = new Array<number>(25).fill(0.008);
  for (const side of ['left', 'right'] as const) {
    Object.assign(metres, {
      [joint[`${side}Elbow`]]: 0.012,
      [joint[`${side}Wrist`]]: 0.016,
      [joint[`${side}Hand`]]: 0.018,
      [joint[`${side}HandTip`]]: 0.024,
      [joint[`${side}Thumb`]]: 0.024,
      [joint[`${side}Knee`]]: 0.012,
      [joint[`${side}Ankle`]]: 0.016,
      [joint[`${side}Foot`]]: 0.02,
    });
  }
  return metres;
})();

const limbs = (['left', 'right'] as const).flatMap((side) => [
  [`${side}Elbow`, `${side}Wrist`, `${side}Hand`, `${side}HandTip`, `${side}Thumb`] as const,
  [`${side}Knee`, `${side}Ankle`, `${side}Foot`] as const,
]);

/**
 * Simulates a depth sensor: adds scatter that drifts from frame to frame, larger in depth, and loses limbs for a while, whose joints
 * then drift off, the far end most. Limbs on the side that faces away from the camera are lost more often.
 * @param frames true joints in camera coordinates, of each frame
 * @param strength of the noise; 0: none, 1: a usual sensor
 * @returns new joints of each frame
 */
export function sensed(frames: readonly (readonly Vec3[])[], strength: number, random: Random): Vec3[][] {
  const seen = frames.map((joints) => joints.map((at) => [...at] as [number, number, number]));
  if (strength === 0) return seen;
  // An offset for the whole clip, and one of a first-order autoregressive process.
  const keep = 0.6;
  const fresh = Math.sqrt(1 - keep * keep);
  for (let j = 0; j < scatter.length; j++) {
    const deviation = scatter[j]! * strength;
    for (let axis = 0; axis < 3; axis++) {
      const own = deviation * (axis === 2 ? 1.3 : 1);
      const lasting = random.normal(own * 0.6);
      let drift = random.normal(own);
      for (const joints of seen) {
        joints[j]![axis]! += lasting + drift;
        drift = keep * drift + fresh * random.normal(own);
      }
    }
  }

  for (const limb of limbs) {
    const [root, first] = [joint[limb[0]], frames[0]!];
    const behind = first[root]![2] - first[joint.spineMiddle]![2];
    const probability = Math.min(0.75, strength * (0.22 + Math.max(0, 1.6 * behind)));
    if (!random.chance(probability)) continue;
    const length = random.uniform(0.1, 0.4);
    const start = random.uniform(0, 1 - length);
    const way: Vec3 = [random.normal(0.1), random.normal(0.1), random.normal(0.14)];
    limb.forEach((name, i) => {
      const share = Math.min(1, (i + 1) / 3);
      seen.forEach((joints, frame) => {
        const x = (frame / Math.max(1, seen.length - 1) - start) / length;
        if (x <= 0 || x >= 1) return;
        const lost = Math.sqrt(Math.sin(Math.PI * x)) * share;
        for (let axis = 0; axis < 3; axis++) joints[joint[name]]![axis]! += lost * way[axis]!;
      });
    });
  }
  return seen;
}
