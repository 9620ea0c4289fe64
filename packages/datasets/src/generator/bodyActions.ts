import {
  type Action,
  bump,
  type Motion,
  type Performance,
  progress,
  repeating,
  rise,
  visit,
} from './motion.js';
import { between, hanging, type Pose, type Reach, type Step, standing } from './pose.js';

export const kick: Action = {
  name: 'kick',
  perform(p) {
    const when = progress(p);
    const height = 0.42 * p.amplitude * p.random.uniform(0.8, 1.15);
    return (moment) => {
      const x = when(moment);
      const back = bump(x, 0.05, 0.45);
      const blow = bump(x, 0.3, 0.8);
      const balance = visit(x, 0.3, 0.75);
      return {
        ...standing,
        shift: [-0.09 * balance, -0.03 * balance, -0.04 * blow],
        lean: [-0.2 * blow, -0.06 * balance],
        bend: [0.18 * blow, 0, -0.25 * blow],
        left: {
          arm: between(hanging, { from: 'shoulder', at: [0.22, -0.22, 0.3] }, balance),
          foot: standing.left.foot,
        },
        right: {
          arm: between(hanging, { from: 'shoulder', at: [0.32, -0.3, -0.2] }, balance),
          foot: { at: [-0.02, 0.12 * back + height * blow, -0.3 * back + 0.68 * blow], pitch: 0.4 * back },
        },
      };
    };
  },
};

const sitting = (p: Performance, x: number, knees: number): Pose => {
  const lean = bump(x, 0, 1);
  const arm: Reach = { from: 'shoulder', at: [0.02, -0.42, 0.27], elbow: [0.4, -0.4, -1] };
  const side = { arm: between(hanging, arm, x, 0.04), foot: { at: [knees, 0, 0] } as Step };
  return {
    ...standing,
    shift: [0, -0.4 * x, -0.42 * x],
    lean: [0.55 * p.amplitude * lean + 0.05 * x, 0],
    bend: [0.25 * lean, 0, 0],
    left: side,
    right: side,
  };
};

/** Progress of sitting down. Standing up is the same movement backwards. */
function seat(p: Performance): Motion {
  const start = p.random.uniform(0.05, 0.3);
  const length = p.random.uniform(0.42, 0.6) / p.tempo;
  const knees = p.random.uniform(-0.02, 0.06);
  return (moment) => sitting(p, rise(moment, start, start + length), knees);
}
export const sitDown: Action = { name: 'sit down', prop: 'stool', perform: seat };
export const standUp: Action = {
  name: 'stand up',
  prop: 'stool',
  perform(p) {
    const down = seat(p);
    return (moment) => down(1 - moment);
  },
};

export const bow: Action = {
  name: 'bow',
  perform(p) {
    const when = progress(p);
    const deep = 0.62 * p.amplitude * p.random.uniform(0.8, 1.2);
    return (moment) => {
      const x = visit(when(moment), 0.4, 0.62);
      const side = {
        arm: between(hanging, { from: 'shoulder', at: [0.04, -0.5, 0.12] }, x),
        foot: standing.left.foot,
      };
      return {
        ...standing,
        shift: [0, 0, -0.12 * x],
        lean: [deep * x, 0],
        bend: [0.5 * deep * x, 0, 0],
        look: [0.3 * x, 0],
        left: side,
        right: side,
      };
    };
  },
};

export const pickUp: Action = {
  name: 'pick up',
  perform(p) {
    const when = progress(p, 0.82);
    const floor: Reach = {
      from: 'ground',
      at: [p.random.normal(0.04), 0.17, 0.36 + p.random.normal(0.04)],
      elbow: [0.6, 0.3, -1],
    };
    const crouch = p.random.uniform(0.15, 0.4);
    return (moment) => {
      const x = visit(when(moment), 0.42, 0.58);
      return {
        ...standing,
        shift: [0, -crouch * x, -0.16 * x],
        lean: [(1.15 - crouch) * x, 0],
        bend: [0.65 * x, 0.1 * x, 0.15 * x],
        look: [-0.2 * x, 0],
        left: {
          arm: between(hanging, { from: 'shoulder', at: [0.1, -0.44, 0.14] }, x),
          foot: standing.left.foot,
        },
        right: { arm: between(hanging, floor, x, 0.05), foot: standing.right.foot },
      };
    };
  },
};

export const hop: Action = {
  name: 'hop',
  perform(p) {
    const when = progress(p, 0.8);
    const hops = p.random.chance(0.6) ? 2 : 1;
    const height = 0.24 * p.amplitude;
    return (moment) => {
      const x = when(moment) * hops;
      const own = x - Math.min(Math.floor(x), hops - 1);
      const crouch = bump(own, 0, 0.42) + bump(own, 0.66, 1);
      const air = Math.max(0, 1 - ((own - 0.52) / 0.17) ** 2);
      const swing = bump(own, 0.2, 0.9);
      const side = {
        arm: between(hanging, { from: 'shoulder', at: [0.16, -0.26, 0.32] } as Reach, swing),
        foot: { at: [0, height * air, 0], pitch: 0.5 * air } as Step,
      };
      return {
        ...standing,
        shift: [0, height * air - 0.24 * crouch, -0.05 * crouch],
        lean: [0.3 * crouch, 0],
        bend: [0.2 * crouch, 0, 0],
        left: side,
        right: side,
      };
    };
  },
};

/** Steps on the spot: marching lifts the knees slowly, jogging is faster and lower. */
const steps = (name: string, cycles: number, height: number, elbow: number): Action => ({
  name,
  perform(p) {
    const phase = repeating(p, cycles);
    const ready = progress(p, 0.3);
    return (moment) => {
      const on = rise(ready(moment), 0, 1);
      const sine = Math.sin(phase(moment));
      const leg = (s: number): Step => {
        const up = on * p.amplitude * Math.max(0, s);
        return { at: [0, height * up, 0.12 * up], pitch: 0.3 * up };
      };
      const arm = (s: number): Reach =>
        between(
          hanging,
          {
            from: 'shoulder',
            at: [0.06, -0.46 + elbow, 0.08 + elbow * 0.9 - 0.2 * s * p.amplitude],
            elbow: [0.15, -0.3, -1],
          },
          on,
        );
      return {
        ...standing,
        shift: [on * 0.035 * -sine, on * 0.02 * Math.abs(sine), 0],
        bend: [0.05 * on, 0, 0.12 * on * sine],
        left: { arm: arm(-sine), foot: leg(-sine) },
        right: { arm: arm(sine), foot: leg(sine) },
      };
    };
  },
});
export const march = steps('march', 2, 0.3, 0.04);
export const jog = steps('jog', 3.6, 0.2, 0.2);

/** Two persons shake hands halfway between them. */
export const handshake: Action = {
  name: 'handshake',
  persons: 2,
  perform(p) {
    const when = progress(p, 0.85);
    const shake = repeating(p, 3.5);
    const far = p.gap / 2 - 0.05;
    return (moment) => {
      const x = visit(when(moment), 0.35, 0.8);
      const at = [-0.06, 1.0 + 0.035 * p.amplitude * rise(x, 0.8, 1) * Math.sin(shake(moment)), far] as const;
      return {
        ...standing,
        bend: [0.1 * x, 0, 0.15 * x],
        right: {
          ...standing.right,
          arm: between(hanging, { from: 'ground', at, elbow: [0.5, -1, -0.2] }, x),
        },
      };
    };
  },
};

/** One person pushes the other, who steps back. */
export const push: Action = {
  name: 'push',
  persons: 2,
  perform(p) {
    const when = progress(p, 0.8);
    const reach: Reach = {
      from: 'shoulder',
      at: [-0.02, -0.05, 0.52],
      elbow: [0.8, -1, 0],
      point: [0, 1, 0],
    };
    const ready: Reach = {
      from: 'shoulder',
      at: [0.02, -0.1, 0.2],
      elbow: [0.8, -1, -0.2],
      point: [0, 1, 0],
    };
    return (moment) => {
      const x = when(moment);
      const shove = bump(x, 0.25, 0.7);
      const hit = bump(x, 0.38, 0.95) * p.amplitude;
      if (p.role === 0) {
        const side = {
          arm: between(between(hanging, ready, visit(x, 0.25, 0.8)), reach, shove),
          foot: standing.left.foot,
        };
        return {
          ...standing,
          shift: [0, -0.03 * shove, 0.12 * shove],
          bend: [0.25 * shove, 0, 0],
          left: { ...side, foot: { at: [0, 0, 0.2 * visit(x, 0.3, 0.8)] } },
          right: side,
        };
      }
      const side = {
        arm: between(hanging, { from: 'shoulder', at: [0.2, -0.3, 0.3] } as Reach, hit),
        foot: { at: [0, 0, 0] } as Step,
      };
      return {
        ...standing,
        shift: [0, -0.02 * hit, -0.18 * hit],
        lean: [-0.15 * hit, 0],
        bend: [-0.2 * hit, 0, 0],
        look: [0.2 * hit, 0],
        left: {
          ...side,
          foot: { at: [0, 0.05 * hit, -0.25 * rise(x, 0.45, 0.6) + 0.25 * rise(x, 0.75, 1)] },
        },
        right: side,
      };
    };
  },
};
