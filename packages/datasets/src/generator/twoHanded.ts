import { type Action, about, progress, repeating, visit } from './motion.js';
import { between, hanging, type Pose, type Reach, standing } from './pose.js';

const withArms = (arm: (side: 1 | -1) => Reach, rest: Partial<Pose> = {}): Pose => ({
  ...standing,
  ...rest,
  left: { ...standing.left, arm: arm(-1) },
  right: { ...standing.right, arm: arm(1) },
});

/** Hands meet in front of the chest, wide apart between claps. */
export const clap: Action = {
  name: 'clap',
  perform(p) {
    const when = progress(p, 0.9);
    const beat = repeating(p, 4);
    const [, y, z] = about(p, [0, -0.16, 0.33], 0.025);
    const wide = 0.13 * p.amplitude;
    return (moment) => {
      const x = visit(when(moment), 0.18, 0.86);
      const apart = 0.02 + wide * (0.5 + 0.5 * Math.cos(beat(moment)));
      const near: Reach = {
        from: 'chest',
        at: [apart, y, z],
        elbow: [1, -0.8, -0.3],
        point: [0, 0.4, 0.3],
        thumb: [0, 1, -0.3],
      };
      return withArms(() => between(hanging, near, x, 0.06));
    };
  },
};

/** Hands meet in front of the chest and slide along each other. */
export const rubHands: Action = {
  name: 'rub hands',
  perform(p) {
    const when = progress(p, 0.9);
    const beat = repeating(p, 4);
    const [, y, z] = about(p, [0, -0.2, 0.3], 0.025);
    const far = 0.045 * p.amplitude;
    return (moment) => {
      const x = visit(when(moment), 0.18, 0.86);
      return withArms((side) => {
        const slide = side * far * Math.sin(beat(moment));
        const near: Reach = {
          from: 'chest',
          at: [0.025, y + 0.5 * slide, z + slide],
          elbow: [1, -0.8, -0.3],
          point: [0, 0.2, 0.4],
        };
        return between(hanging, near, x, 0.06);
      });
    };
  },
};

export const crossArms: Action = {
  name: 'cross arms',
  perform(p) {
    const when = progress(p, 0.8);
    const [x0, y, z] = about(p, [-0.13, -0.22, 0.19], 0.02);
    return (moment) => {
      const x = visit(when(moment), 0.35, 0.8);
      return withArms((side) =>
        between(
          hanging,
          {
            from: 'chest',
            at: [x0, y + 0.03 * side, z + 0.03 * side],
            elbow: [0.7, -1, 0],
            point: [-0.6, 0.3, 0],
          },
          x,
          0.12,
        ),
      );
    };
  },
};
