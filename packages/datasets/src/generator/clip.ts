import { evenlySpaced, type Random, random } from '@amr/internal';
import { actions } from './actions.js';
import { camera } from './camera.js';
import { canvas, drawCapsule } from './canvas.js';
import { dress, held, stool } from './dress.js';
import { type PosedBody, posed } from './kinematics.js';
import type { Action, Motion } from './motion.js';
import { mirrored, type Pose } from './pose.js';
import { room, surroundings } from './room.js';
import { sensed } from './sensor.js';
import { joint } from './skeleton.js';
import { type Outfit, type Subject, subject } from './subjects.js';
import { add, type Vec3 } from './vector.js';

/** What a clip depends on. */
export interface ClipSpec {
  seed: number;
  /** Position in `actions`. */
  action: number;
  /** Number of the performance. With seed, action and subject it determines everything except the camera. */
  performance: number;
  /** From 1. */
  subject: number;
  /** Number of subjects; the partner in an action of two persons is one of the same part of a split. */
  subjects: number;
  /** Angle of the camera in radians. */
  angle: number;
  /** Number of the camera, from 1. */
  view: number;
  /** Frames of the skeleton and of the picture. */
  frames: { skeleton: number; rgb: number };
  /** Side of the picture in pixels. */
  resolution: number;
  /** Strength of the sensors' noise; 1 is usual. */
  noise: number;
  /** Strength of the pictures' clutter; 1 is usual. */
  clutter: number;
}

/** A recorded clip. */
export interface Clip {
  /** Bytes [frames, resolution, resolution, 3]. */
  rgb: Uint8Array;
  /** Joints as the sensor gives them, [persons][frames][joints], in camera coordinates. */
  skeletons: Vec3[][][];
  /** The same before noise. */
  truth: Vec3[][][];
}

/** Number of rooms. There are few, so that backgrounds alone don't identify clips. */
const ROOMS = 4;

interface Actor {
  subject: Subject;
  outfit: Outfit;
  motion: Motion;
  place: Vec3;
  heading: number;
  acting: 'left' | 'right';
}

/** Generates one clip. The same spec gives the same bytes. */
export function clip(spec: ClipSpec): Clip {
  const action = actions[spec.action]!;
  const key = [spec.seed, spec.action, spec.performance, spec.subject] as const;
  const stage = random('stage', ...key);
  const cast = actors(spec, action, stage);
  const film = random('film', ...key, spec.view);
  const eye = camera(spec.angle, cast.length === 2 ? 3.5 : 3, film);
  const props = {
    color: brightColor(stage),
    stool: action.prop === 'stool' || (cast.length === 1 && stage.chance(0.12)),
  };

  const moments = Array.from(
    { length: spec.frames.skeleton },
    (_, i) => i / Math.max(1, spec.frames.skeleton - 1),
  );
  const bodies = cast.map((actor) => moments.map((moment) => take(actor, moment)));
  const truth = bodies.map((frames) => frames.map(({ joints }) => joints.map(eye.see)));
  const skeletons = truth.map((frames, i) =>
    sensed(frames, spec.noise, random('sensor', ...key, spec.view, i)),
  );

  const side = spec.resolution * 2;
  const place = room(spec.seed, stage.integer(ROOMS), spec.clutter);
  const scene = surroundings(place, film, eye, side, spec.clutter);
  const exposure = cameraExposure(film, spec.noise);
  const page = canvas(side);
  const rgb = new Uint8Array(spec.frames.rgb * spec.resolution ** 2 * 3);
  evenlySpaced(spec.frames.skeleton, spec.frames.rgb).forEach((frame, i) => {
    const capsules = cast.flatMap((actor, who) => {
      const body = bodies[who]![frame]!;
      const things = action.prop && who === 0 ? held(action.prop, body, actor.acting, props.color) : [];
      return [...dress(body, actor.subject.body, actor.outfit), ...things];
    });
    if (props.stool) capsules.push(...stool(props.color, cast[0]!.place, cast[0]!.heading));
    const feet = bodies.flatMap((frames) =>
      [joint.leftAnkle, joint.rightAnkle, joint.spineBase].map((j) => frames[frame]!.joints[j]!),
    );
    scene.paint(page, moments[frame]!, feet);
    for (const capsule of capsules)
      drawCapsule(page, { ...capsule, from: eye.see(capsule.from), to: eye.see(capsule.to) }, scene.light);
    for (const capsule of scene.foreground) drawCapsule(page, capsule, scene.light);
    exposure(page.colors, moments[frame]!, rgb.subarray(i * spec.resolution ** 2 * 3), spec.resolution);
  });
  return { rgb, skeletons, truth };
}

/** The actors: the subject and, in an action of two persons, a partner from the same half of the subjects. */
function actors(spec: ClipSpec, action: Action, stage: Random): Actor[] {
  const side = stage.chance(subject(spec.seed, spec.subject).style.leftHanded) ? -1 : 1;
  const gap = stage.uniform(0.85, 1.05);
  const persons = action.persons ?? 1;
  const roles = persons === 2 ? ([0, 1] as const) : ([0] as const);
  return roles.map((role) => {
    const own = random('motion', spec.seed, spec.action, spec.performance, spec.subject, role);
    const number = role === 0 ? spec.subject : partner(spec, stage);
    const who = subject(spec.seed, number);
    const { style } = who;
    const motion = action.perform({
      // Two persons share one rhythm; all else differs.
      random: persons === 2 ? random('motion', spec.seed, spec.action, spec.performance, spec.subject) : own,
      style,
      amplitude: style.amplitude * (1 + own.normal(0.09)),
      tempo: persons === 2 ? 1 : style.tempo * (1 + own.normal(0.08)),
      side,
      role,
      gap,
    });
    const idle = idling(own, style.sway);
    const facing = persons === 2 ? (role === 0 ? -Math.PI / 2 : Math.PI / 2) : 0;
    return {
      subject: who,
      outfit: who.outfit(spec.performance),
      motion: (moment) => alive(side === -1 ? mirrored(motion(moment)) : motion(moment), moment, who, idle),
      place:
        persons === 2 ? [role === 0 ? -gap / 2 : gap / 2, 0, 0] : [stage.normal(0.04), 0, stage.normal(0.04)],
      heading: facing + own.normal(persons === 2 ? 0.04 : 0.09),
      acting: side === -1 ? 'left' : 'right',
    };
  });
}

/** Another subject of the same parity, which separates training from test subjects; the subject itself when there is no other. */
function partner({ subject: own, subjects }: ClipSpec, stage: Random): number {
  const others = Array.from({ length: subjects }, (_, i) => i + 1).filter(
    (n) => n % 2 === own % 2 && n !== own,
  );
  return others.length > 0 ? stage.pick(others) : own;
}

/** Adds the person's stoop and swaying to a posture. */
function alive(pose: Pose, moment: number, { style }: Subject, idle: (moment: number) => number[]): Pose {
  const [a, b, c, d] = idle(moment) as [number, number, number, number];
  return {
    ...pose,
    shift: add(pose.shift, [0.012 * a, 0, 0.01 * b]),
    bend: [pose.bend[0] + style.stoop + 0.015 * b, pose.bend[1] + 0.012 * c, pose.bend[2] + 0.03 * d],
    look: [pose.look[0] - 0.5 * style.stoop + 0.04 * c, pose.look[1] + 0.08 * d],
  };
}

/** Four slow random curves of about +-1. */
function idling(own: Random, sway: number): (moment: number) => number[] {
  const waves = Array.from(
    { length: 4 },
    () => [own.uniform(2, 6), own.uniform(0, 7), own.uniform(5, 11), own.uniform(0, 7)] as const,
  );
  return (moment) =>
    waves.map(([s, p, q, o]) => sway * (Math.sin(s * moment + p) + 0.4 * Math.sin(q * moment + o)));
}

function take({ subject: { body, style }, motion, place, heading }: Actor, moment: number): PosedBody {
  const pose = motion(moment);
  const taken = posed(body, { ...pose, turn: pose.turn + heading }, style.stance);
  return { ...taken, joints: taken.joints.map((at) => add(at, place)) };
}

/** Averages 2 x 2 pixels and imitates a camera: exposure, white balance, flicker, noise, rounding to bytes. */
function cameraExposure(film: Random, strength: number) {
  const gain = film.uniform(0.9, 1.1);
  const balance = [1 + film.normal(0.03), 1, 1 + film.normal(0.04)];
  const [flicker, speed] = [film.uniform(0, 0.03), film.uniform(5, 60)];
  const grain = strength * film.uniform(0.004, 0.02);
  return (colors: Float32Array, moment: number, bytes: Uint8Array, resolution: number) => {
    const light = gain * (1 + flicker * Math.sin(speed * moment));
    const side = resolution * 2;
    for (let y = 0; y < resolution; y++) {
      for (let x = 0; x < resolution; x++) {
        const from = (y * 2 * side + x * 2) * 3;
        const noise = film.uniform(-1, 1) + film.uniform(-1, 1);
        for (let c = 0; c < 3; c++) {
          const sum =
            colors[from + c]! +
            colors[from + 3 + c]! +
            colors[from + side * 3 + c]! +
            colors[from + side * 3 + 3 + c]!;
          const value = (sum / 4) * light * balance[c]! + grain * noise;
          bytes[(y * resolution + x) * 3 + c] = Math.max(0, Math.min(255, Math.round(value * 255)));
        }
      }
    }
  };
}

/** A strong colour from red to yellow, which clothes never have. */
function brightColor(r: Random): Vec3 {
  return [1, r.uniform(0.05, 0.85), r.uniform(0, 0.1)];
}
