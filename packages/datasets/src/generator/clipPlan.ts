import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import type { ActionClipsOptions } from './actionClips.js';
import { actionNames, actions } from './actions.js';
import type { ClipSpec } from './clip.js';

/** Which clips the generator is to make. */
export interface ClipPlan {
  /** Names of the classes. */
  classes: string[];
  /** Persons axis of the skeletons. */
  persons: 1 | 2;
  /** Frames of both streams. */
  frames: { skeleton: number; rgb: number };
  /** Side of the pictures in pixels. */
  resolution: number;
  /** The clips, in order. */
  clips: PlannedClip[];
}

/** One clip, before it is made. */
export interface PlannedClip {
  /** Camera, subject, number within the class, action: `C2P003R012A004`. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** What makes it. */
  spec: ClipSpec;
}

/**
 * The clips that these options ask for.
 * @throws {DatasetError} when an option can't be met
 */
export function clipPlan(options: ActionClipsOptions): ClipPlan {
  const { samplesPerClass = 96, persons = 1, subjects = 16, views = 3, resolution = 32, seed = 0 } = options;
  const { noise = 1, clutter = 1, split } = options;
  const frames =
    typeof options.frames === 'number'
      ? { skeleton: options.frames, rgb: options.frames }
      : { skeleton: 32, rgb: Math.min(16, options.frames?.skeleton ?? 16), ...options.frames };
  for (const [name, value] of Object.entries({ samplesPerClass, subjects, views, resolution }))
    checkCount(name, value);
  for (const [name, value] of Object.entries(frames)) checkCount(`frames of ${name}`, value);
  if (frames.rgb > frames.skeleton) {
    throw new DatasetError(
      `frames: ${frames.rgb} of rgb were given, at most the skeleton's ${frames.skeleton} were expected`,
    );
  }
  for (const [name, value] of Object.entries({ noise, clutter })) {
    if (!(value >= 0 && value <= 4))
      throw new DatasetError(`${name}: ${value} was given, a number from 0 to 4 was expected`);
  }
  if (!Number.isFinite(seed)) throw new DatasetError(`seed: ${seed} was given, a finite number was expected`);
  if (persons !== 1 && persons !== 2)
    throw new DatasetError(`persons: ${persons} was given, 1 or 2 was expected`);
  const chosen = choose(options.classes ?? 12, persons);
  const takes = plan(samplesPerClass, subjects, views).filter(splitFilter(split, subjects, views));
  if (takes.length === 0) {
    throw new DatasetError(
      `samplesPerClass: with ${samplesPerClass} no clip is in the ${split?.part} part, give more`,
    );
  }
  const clips = takes.flatMap((take) =>
    chosen.map((action, label) => ({
      id: `C${take.view}P${pad(take.subject)}R${pad(take.performance)}A${pad(action + 1)}`,
      label,
      spec: {
        seed,
        action,
        ...take,
        subjects,
        frames,
        resolution,
        noise,
        clutter,
        angle: angleOf(take.view, views),
      },
    })),
  );
  return { classes: chosen.map((action) => actionNames[action]!), persons, frames, resolution, clips };
}

interface Take {
  performance: number;
  subject: number;
  view: number;
}

/** The clips of one class: every subject before every view of the same subject, so that few clips are balanced too. */
function plan(samples: number, subjects: number, views: number): Take[] {
  return Array.from({ length: samples }, (_, i) => {
    const round = Math.floor(i / subjects);
    const subject = i % subjects;
    return { performance: i + 1, subject: subject + 1, view: ((subject + round) % views) + 1 };
  });
}

function splitFilter(
  split: ActionClipsOptions['split'],
  subjects: number,
  views: number,
): (take: Take) => boolean {
  if (split === undefined) return () => true;
  const { by, part } = split;
  if ((by !== 'subject' && by !== 'view') || (part !== 'train' && part !== 'test')) {
    throw new DatasetError(
      `split: ${JSON.stringify(split)} was given, { by: 'subject' | 'view', part: 'train' | 'test' } was expected`,
    );
  }
  if ((by === 'subject' ? subjects : views) < 2) {
    throw new DatasetError(`split by ${by}: there is only 1, at least 2 were expected; raise '${by}s'`);
  }
  const train = by === 'subject' ? (take: Take) => take.subject % 2 === 1 : (take: Take) => take.view !== 1;
  return (take) => train(take) === (part === 'train');
}

function choose(classes: number | readonly string[], persons: 1 | 2): number[] {
  const available = actions.flatMap((action, i) => ((action.persons ?? 1) <= persons ? [i] : []));
  if (typeof classes === 'number') {
    checkCount('classes', classes, 2);
    if (classes > available.length) {
      throw new DatasetError(
        `classes: ${classes} was given, there are ${available.length} with at most ${persons} person${persons === 1 ? '' : 's'}`,
      );
    }
    return available.slice(0, classes);
  }
  if (classes.length < 2 || new Set(classes).size !== classes.length) {
    throw new DatasetError(
      `classes: [${classes.join(', ')}] was given, at least two different names were expected`,
    );
  }
  return classes.map((name) => {
    const action = actionNames.indexOf(name);
    if (available.includes(action)) return action;
    const names = available.map((i) => actionNames[i]).join(', ');
    const hint = action === -1 ? '' : '; it takes two persons, set persons: 2';
    throw new DatasetError(`classes: there is no '${name}' among ${names}${hint}`);
  });
}

const angleOf = (view: number, views: number) =>
  views === 1 ? 0 : ((view - 1) / (views - 1) - 0.5) * (Math.PI / 2);
const pad = (number: number) => String(number).padStart(3, '0');
