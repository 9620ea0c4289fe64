import { type Action, about, bump, progress, repeating, rise, visit } from './motion.js';
import { between, hanging, type Pose, type Reach, standing } from './pose.js';
import type { Vec3 } from './vector.js';

const withArm = (arm: Reach, rest: Partial<Pose> = {}): Pose => ({
  ...standing,
  ...rest,
  right: { ...standing.right, arm },
});
const mouth: Vec3 = [0.04, -0.13, 0.2];

/** Drinking and coughing both bring the hand to the mouth; only the picture shows the cup. */
export const drink: Action = {
  name: 'drink',
  prop: 'cup',
  perform(p) {
    const at = about(p, mouth);
    const when = progress(p, 0.8);
    const tilt = p.random.uniform(0.02, 0.2) * p.amplitude;
    const near: Reach = { from: 'head', at, elbow: [0.8, -1, 0], point: [-0.7, 0.5, -0.1] };
    return (moment) => {
      const x = visit(when(moment), 0.35, 0.72);
      return withArm(between(hanging, near, x, 0.12), { look: [-tilt * rise(x, 0.7, 1), 0] });
    };
  },
};

/** See {@link drink}. */
export const cough: Action = {
  name: 'cough',
  perform(p) {
    const at = about(p, mouth);
    const when = progress(p, 0.8);
    const jerks = repeating(p, 3);
    const bow = p.random.uniform(0.02, 0.2) * p.amplitude;
    const near: Reach = { from: 'head', at, elbow: [0.8, -1, 0], point: [-0.7, 0.5, -0.1] };
    return (moment) => {
      const x = visit(when(moment), 0.35, 0.72);
      const jerk = rise(x, 0.7, 1) * Math.max(0, Math.sin(jerks(moment)));
      return withArm(between(hanging, near, x, 0.12), {
        look: [bow * jerk, 0],
        bend: [0.3 * bow * jerk, 0, 0],
      });
    };
  },
};

export const wave: Action = {
  name: 'wave',
  perform(p) {
    const when = progress(p, 0.86);
    const swing = repeating(p, 3.2);
    const [x0, y0, z0] = about(p, [0.22, 0.4, 0.1], 0.02);
    const wide = 0.13 * p.amplitude;
    return (moment) => {
      const aside = wide * Math.sin(swing(moment));
      const up: Reach = {
        from: 'shoulder',
        at: [x0 + aside, y0 - 0.4 * Math.abs(aside), z0],
        elbow: [0.6, -1, -0.1],
        point: [0.8 * (aside / 0.14) * 0.4, 0.6, 0],
      };
      return withArm(between(hanging, up, visit(when(moment), 0.2, 0.85), 0.1), { look: [0, 0] });
    };
  },
};

export const throwing: Action = {
  name: 'throw',
  perform(p) {
    const when = progress(p);
    const back: Reach = {
      from: 'shoulder',
      at: about(p, [0.22, 0.24, -0.14]),
      elbow: [1, -0.2, -0.3],
      point: [0, 0.6, -0.6],
    };
    const front: Reach = {
      from: 'shoulder',
      at: about(p, [-0.06, 0.1, 0.5]),
      elbow: [1, -0.6, 0],
      point: [0, -0.5, 0.2],
    };
    const low: Reach = { from: 'shoulder', at: [-0.18, -0.36, 0.3], elbow: [1, -0.4, -0.4] };
    return (moment) => {
      const x = when(moment);
      const wind = rise(x, 0, 0.4);
      const cast = rise(x, 0.42, 0.6);
      const follow = rise(x, 0.58, 0.75);
      const end = rise(x, 0.78, 1);
      const arm = between(
        between(between(between(hanging, back, wind, -0.02), front, cast), low, follow),
        hanging,
        end,
      );
      const turn = p.amplitude * (1 - end);
      return {
        ...withArm(arm, {
          shift: [0, 0, turn * (0.26 * cast - 0.12 * wind)],
          bend: [turn * 0.4 * (cast - 0.5 * wind), 0, turn * (-0.5 * wind + 0.95 * cast)],
        }),
        left: {
          arm: between(
            hanging,
            { from: 'shoulder', at: [0.12, -0.18, 0.38] },
            turn * wind * (1 - 0.7 * cast),
            0.05,
          ),
          foot: { at: [0, 0.1 * bump(x, 0.3, 0.55), 0.34 * rise(x, 0.3, 0.55) - 0.34 * end] },
        },
      };
    };
  },
};

export const punch: Action = {
  name: 'punch',
  perform(p) {
    const when = progress(p, 0.84);
    const guard: Reach = {
      from: 'shoulder',
      at: about(p, [-0.06, -0.02, 0.22]),
      elbow: [0.5, -1, -0.2],
      point: [0, 0.2, 0.1],
    };
    const hit: Reach = { from: 'shoulder', at: about(p, [-0.12, 0.03, 0.56]), elbow: [0.9, -0.8, 0] };
    const other: Reach = { from: 'shoulder', at: about(p, [-0.07, -0.03, 0.2]), elbow: [0.5, -1, -0.2] };
    const blows = p.random.chance(0.5) ? 2 : 1;
    return (moment) => {
      const x = when(moment);
      const ready = visit(x, 0.2, 0.85);
      let blow = 0;
      for (let i = 0; i < blows; i++)
        blow += bump(x, 0.25 + (0.5 * i) / blows, 0.25 + (0.5 * (i + 0.9)) / blows);
      return {
        ...withArm(between(between(hanging, guard, ready), hit, blow), {
          shift: [0, -0.03 * ready, 0.08 * blow * p.amplitude],
          bend: [0.12 * ready, 0, p.amplitude * (0.55 * blow - 0.2 * ready)],
        }),
        left: { arm: between(hanging, other, ready), foot: { at: [0, 0, 0.12 * ready] } },
      };
    };
  },
};

/** A circle in front of the chest. The two classes differ only in its direction. */
const circle = (name: string, sense: 1 | -1): Action => ({
  name,
  perform(p) {
    const when = progress(p, 0.88);
    const rounds = p.random.uniform(1.1, 1.9);
    const start = p.random.uniform(0, 2 * Math.PI);
    const [x0, y0, z0] = about(p, [0.03, 0.02, 0.42], 0.03);
    const radius = 0.19 * p.amplitude;
    return (moment) => {
      const x = when(moment);
      const angle =
        start + sense * p.side * 2 * Math.PI * rounds * Math.max(0, Math.min(1, (x - 0.15) / 0.7));
      const at: Vec3 = [x0 + radius * Math.sin(angle), y0 + radius * Math.cos(angle), z0];
      return withArm(
        between(hanging, { from: 'shoulder', at, elbow: [0.8, -1, 0] }, visit(x, 0.2, 0.84), 0.05),
      );
    };
  },
});
/** Clockwise as the person sees it. */
export const circleClockwise = circle('circle clockwise', 1);
/** Counter-clockwise as the person sees it. */
export const circleCounterclockwise = circle('circle counterclockwise', -1);

/** A fist held out with the thumb up or down. The two classes differ only in that. */
const thumb = (name: string, up: 1 | -1): Action => ({
  name,
  perform(p) {
    const when = progress(p, 0.82);
    const at = about(p, [-0.02, -0.12, 0.36], 0.03);
    const nod = repeating(p, 1.6);
    const shown: Reach = {
      from: 'shoulder',
      at,
      elbow: [0.9, -1, -0.2],
      point: [-0.8, 0, 0.3],
      thumb: [p.random.normal(0.25), up, p.random.normal(0.25)],
    };
    return (moment) => {
      const x = visit(when(moment), 0.3, 0.8);
      return withArm(between(hanging, shown, x, 0.05), { look: [0.05 * x * Math.sin(nod(moment)), 0] });
    };
  },
});
export const thumbUp = thumb('thumb up', 1);
export const thumbDown = thumb('thumb down', -1);

export const phone: Action = {
  name: 'answer phone',
  prop: 'phone',
  perform(p) {
    const when = progress(p, 0.9);
    const near: Reach = {
      from: 'head',
      at: about(p, [0.12, -0.13, 0.05]),
      elbow: [0.7, -1, 0.1],
      point: [-0.1, 1.2, -0.2],
    };
    const aside = p.random.uniform(0, 0.25);
    return (moment) => {
      const x = visit(when(moment), 0.28, 0.9);
      return withArm(between(hanging, near, x, 0.1), { look: [0.08 * x, -aside * x] });
    };
  },
};

export const salute: Action = {
  name: 'salute',
  perform(p) {
    const when = progress(p, 0.8);
    const near: Reach = {
      from: 'head',
      at: about(p, [0.17, 0, 0.08]),
      elbow: [1, -0.25, 0],
      point: [-0.9, 0.6, 0.1],
    };
    return (moment) => withArm(between(hanging, near, visit(when(moment), 0.25, 0.8), 0.1));
  },
};
