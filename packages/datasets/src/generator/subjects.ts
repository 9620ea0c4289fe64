import type { Random } from '@amr/internal';
import { random } from '@amr/internal';

/** Red, green and blue in [0, 1]. */
export type Color = readonly [number, number, number];

/** Lengths of a body in metres. */
export interface Proportions {
  /** Size relative to a body of 1.72 m. */
  scale: number;
  torso: number;
  neck: number;
  head: number;
  shoulderWidth: number;
  hipWidth: number;
  upperArm: number;
  forearm: number;
  palm: number;
  fingers: number;
  thumb: number;
  thigh: number;
  shin: number;
  foot: number;
  /** Height of the ankle over the floor. */
  ankle: number;
  /** Thickness of the limbs; 1 is average. */
  girth: number;
}

/** How a subject moves. */
export interface Style {
  /** Speed of movements; 1 is average. */
  tempo: number;
  /** Extent of movements; 1 is average. */
  amplitude: number;
  /** Half of the distance between the feet that exceeds the hips', in metres. */
  stance: number;
  /** Bend of the back while standing, in radians. */
  stoop: number;
  /** Strength of the body's swaying; 1 is average. */
  sway: number;
  /** Probability that the left side acts. */
  leftHanded: number;
}

/** The clothes of a subject on one day. */
export interface Outfit {
  skin: Color;
  hair: Color;
  shirt: Color;
  /** Second colour of the shirt's stripes; the same as `shirt` when there are none. */
  stripe: Color;
  trousers: Color;
  shoes: Color;
  longSleeves: boolean;
  longTrousers: boolean;
  longHair: boolean;
}

/** A person: body, manner and clothes. */
export interface Subject {
  body: Proportions;
  style: Style;
  /** The clothes on a day, one of three outfits. */
  outfit(day: number): Outfit;
}

/** Subject `number` of a seed. */
export function subject(seed: number, number: number): Subject {
  const r = random('subject', seed, number);
  const scale = 1 + clamped(r, 0.055, 0.12);
  const limbs = scale * (1 + clamped(r, 0.03, 0.07));
  const broad = 1 + clamped(r, 0.06, 0.14);
  const vary = () => 1 + clamped(r, 0.02, 0.05);
  const body: Proportions = {
    scale,
    torso: 0.5 * scale * vary(),
    neck: 0.08 * scale * vary(),
    head: 0.15 * scale * vary(),
    shoulderWidth: 0.36 * scale * broad * vary(),
    hipWidth: 0.17 * scale * broad * vary(),
    upperArm: 0.285 * limbs * vary(),
    forearm: 0.25 * limbs * vary(),
    palm: 0.075 * limbs,
    fingers: 0.08 * limbs,
    thumb: 0.065 * limbs,
    thigh: 0.43 * limbs * vary(),
    shin: 0.41 * limbs * vary(),
    foot: 0.14 * limbs,
    ankle: 0.085 * scale,
    girth: broad * (1 + clamped(r, 0.08, 0.18)),
  };
  const style: Style = {
    tempo: 1 + clamped(r, 0.09, 0.2),
    amplitude: 1 + clamped(r, 0.09, 0.2),
    stance: r.uniform(0, 0.07),
    stoop: r.uniform(-0.03, 0.16),
    sway: r.uniform(0.6, 1.6),
    leftHanded: r.chance(0.2) ? 0.8 : 0.1,
  };
  const person = random('person', seed, number);
  const tone = person.uniform(0.3, 1);
  const skin: Color = [0.25 + 0.65 * tone, 0.15 + 0.52 * tone, 0.1 + 0.42 * tone];
  const dark = person.uniform(0.04, 0.45);
  const hair: Color = [dark, dark * person.uniform(0.6, 0.9), dark * person.uniform(0.3, 0.8)];
  const longHair = person.chance(0.35);
  return { body, style, outfit: (day) => ({ ...clothes(seed, number, day % 3), skin, hair, longHair }) };
}

function clothes(seed: number, number: number, day: number): Omit<Outfit, 'skin' | 'hair' | 'longHair'> {
  const r = random('clothes', seed, number, day);
  const shirt = cloth(r, 0.5, 1);
  const trousers = cloth(r, 0.3, 0.75);
  return {
    shirt,
    stripe: r.chance(0.4) ? cloth(r, 0.5, 1) : shirt,
    trousers,
    shoes: cloth(r, 0.2, 0.9),
    longSleeves: r.chance(0.3),
    longTrousers: r.chance(0.75),
  };
}

/** A colour from green to purple of random saturation, with a brightness between the two. */
function cloth(r: Random, dark: number, bright: number): Color {
  const value = r.uniform(dark, bright);
  const saturation = r.uniform(0.05, 0.6);
  const hue = r.uniform(1.9, 5.2);
  const channel = (shift: number) => value * (1 - saturation * (0.5 - 0.5 * Math.cos(hue - shift)));
  return [channel(0), channel(2.1), channel(4.2)];
}

function clamped(r: Random, deviation: number, max: number): number {
  return Math.max(-max, Math.min(max, r.normal(deviation)));
}
