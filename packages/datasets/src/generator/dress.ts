import type { Capsule } from './canvas.js';
import type { PosedBody } from './kinematics.js';
import type { Prop } from './motion.js';
import { joint } from './skeleton.js';
import type { Color, Outfit, Proportions } from './subjects.js';
import { add, direction, mix, subtract, times, turned, upright, type Vec3, within } from './vector.js';

/** The capsules of a dressed body, in the coordinates of its joints. */
export function dress(
  { joints, head, chest, pelvis }: PosedBody,
  body: Proportions,
  outfit: Outfit,
): Capsule[] {
  const at = (name: keyof typeof joint) => joints[joint[name]]!;
  const g = body.scale * body.girth;
  const capsules: Capsule[] = [];
  const limb = (from: Vec3, to: Vec3, ra: number, rb: number, color: Color, stripe?: Color) =>
    capsules.push({ from, to, radius: [ra * g, rb * g], color, ...(stripe && { stripe }) });

  const { shirt, stripe, trousers, skin, hair } = outfit;
  // The trunk: shoulders, belly and hips as thick bars, and two columns between them.
  const hips = mix(at('leftHip'), at('rightHip'), 0.5);
  const shoulders = at('spineShoulder');
  const belly = at('spineMiddle');
  limb(
    mix(at('leftShoulder'), shoulders, 0.15),
    mix(at('rightShoulder'), shoulders, 0.15),
    0.072,
    0.072,
    shirt,
  );
  for (const side of [-1, 1]) {
    const top = add(shoulders, within(chest, [side * 0.075 * g, -0.06 * g, 0]));
    const middle = add(belly, within(chest, [side * 0.055 * g, 0, 0.01]));
    const low = add(hips, within(pelvis, [side * 0.055 * g, 0.07, 0]));
    limb(top, middle, 0.1, 0.095, shirt, stripe);
    limb(middle, low, 0.095, 0.1, shirt, stripe);
  }
  limb(at('leftHip'), at('rightHip'), 0.098, 0.098, trousers);

  limb(at('neck'), mix(at('neck'), at('head'), 0.5), 0.05, 0.05, skin);
  const skull = at('head');
  const top = add(skull, times(head.up, 0.05 * body.scale));
  limb(add(skull, within(head, [0, -0.05, 0.01])), top, 0.078, 0.09, skin);
  limb(
    add(skull, within(head, [0, 0.03, -0.03])),
    add(skull, within(head, [0, 0.075, -0.01])),
    0.092,
    0.085,
    hair,
  );
  if (outfit.longHair)
    limb(
      add(skull, within(head, [0, 0, -0.05])),
      add(skull, within(head, [0, -0.17, -0.06])),
      0.085,
      0.06,
      hair,
    );
  // A nose, which tells the face from the back of the head up close; in a small picture, colour does.
  limb(
    add(skull, within(head, [0, -0.01, 0.08])),
    add(skull, within(head, [0, -0.035, 0.098])),
    0.014,
    0.017,
    skin,
  );

  const sleeve = outfit.longSleeves ? shirt : skin;
  const leg = outfit.longTrousers ? trousers : skin;
  for (const side of ['left', 'right'] as const) {
    const [shoulder, elbow, wrist] = [at(`${side}Shoulder`), at(`${side}Elbow`), at(`${side}Wrist`)];
    limb(shoulder, mix(shoulder, elbow, 0.6), 0.064, 0.056, shirt);
    limb(mix(shoulder, elbow, 0.5), elbow, 0.054, 0.05, sleeve);
    limb(elbow, wrist, 0.05, 0.038, sleeve);
    limb(wrist, at(`${side}HandTip`), 0.046, 0.042, skin);
    limb(mix(wrist, at(`${side}Hand`), 0.6), at(`${side}Thumb`), 0.018, 0.015, skin);
    const [hip, knee, ankle] = [at(`${side}Hip`), at(`${side}Knee`), at(`${side}Ankle`)];
    limb(hip, mix(hip, knee, 0.55), 0.088, 0.072, trousers);
    limb(mix(hip, knee, 0.5), knee, 0.071, 0.056, leg);
    limb(knee, ankle, 0.056, 0.038, leg);
    const foot = at(`${side}Foot`);
    limb(ankle, add(foot, times(subtract(foot, ankle), 0.45)), 0.044, 0.036, outfit.shoes);
  }
  return capsules;
}

/** The capsules of a prop in the hand of one side. */
export function held(prop: Prop, posed: PosedBody, side: 'left' | 'right', color: Color): Capsule[] {
  const hand = posed.joints[joint[`${side}Hand`]]!;
  const along = direction(subtract(posed.joints[joint[`${side}Thumb`]]!, hand));
  if (prop === 'cup') {
    const middle = add(hand, within(posed.chest, [0, 0, 0.03]));
    return [
      {
        from: add(middle, times(along, -0.05)),
        to: add(middle, times(along, 0.07)),
        radius: [0.055, 0.065],
        color,
      },
    ];
  }
  if (prop === 'phone') {
    return [
      {
        from: add(hand, times(along, -0.04)),
        to: add(hand, times(along, 0.08)),
        radius: [0.026, 0.026],
        color,
      },
    ];
  }
  return [];
}

/**
 * The capsules of a stool behind a person.
 * @param place where the person stands, on the floor
 * @param heading how far the person has turned to the left, in radians
 */
export function stool(color: Color, place: Vec3, heading: number): Capsule[] {
  const axes = turned(upright, heading);
  const at = (right: number, up: number, behind: number) => add(place, within(axes, [right, up, -behind]));
  const [seat, back] = [0.42, 0.42];
  const dark: Color = [color[0] * 0.6, color[1] * 0.6, color[2] * 0.6];
  const capsules: Capsule[] = [-0.1, 0, 0.1].map((z) => ({
    from: at(-0.16, seat, back + z),
    to: at(0.16, seat, back + z),
    radius: [0.055, 0.055],
    color,
  }));
  for (const x of [-0.17, 0.17]) {
    for (const z of [-0.13, 0.13]) {
      const [from, to] = [at(x, 0.02, back + z), at(x, seat, back + z)];
      capsules.push({ from, to, radius: [0.022, 0.022], color: dark });
    }
  }
  return capsules;
}
