import { mismatch } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { checkCount, checkOneOf, checkOption, rejectUnknownOptions } from '../options.js';
import { type ActionClipsOptions, framesKeys, splitKeys } from './actionClipsOptions.js';
import { actionNames, actions } from './actions.js';
import type { ClipSpec } from './clip.js';

/** The clips that the generator makes. */
export interface ClipPlan {
  /** Names of the classes. */
  classes: string[];
  /** Size of the skeletons' persons axis. */
  persons: 1 | 2;
  /** Frames of both modalities. */
  frames: { skeleton: number; rgb: number };
  /** Side of the pictures in pixels. */
  resolution: number;
  /** The clips, in order. */
  clips: PlannedClip[];
}

/** One clip before it is generated. */
export interface PlannedClip {
  /** Camera, subject, number within the class, action: `C2P003R012A004`. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** What the clip depends on. */
  spec: ClipSpec;
}

/**
 * The clips of these options.
 * @throws {DatasetError} when an option is not valid
 */
export function clipPlan(options: ActionClipsOptions): ClipPlan {
  const { samplesPerClass = 96, persons = 1, subjects = 16, views = 3, resolution = 32, seed = 0 } = options;
  const { noise = 1, clutter = 1, split } = options;
  if (typeof options.frames === 'object') rejectUnknownOptions('frames', options.frames, framesKeys);
  const frames =
    typeof options.frames === 'number'
      ? { skeleton: options.frames, rgb: options.frames }
      : { skeleton: 32, rgb: Math.min(16, options.frames?.skeleton ?? 16), ...options.frames };
  for (const [name, value] of Object.entries({ samplesPerClass, subjects, views, resolution }))
    checkCount(name, value);
  for (const [name, value] of Object.entries(frames)) checkCount(`frames.${name}`, value);
  if (frames.rgb > frames.skeleton) {
    throw new DatasetError(
      `frames.rgb: got ${frames.rgb}; expected at most frames.skeleton, which is ${frames.skeleton}.`,
    );
  }
  for (const [name, value] of Object.entries({ noise, clutter })) {
    checkOption(name, value, value >= 0 && value <= 4, 'a number from 0 to 4');
  }
  checkOption('seed', seed, Number.isFinite(seed), 'a finite number');
  checkOneOf('persons', persons, [1, 2]);
  const chosen = choose(options.classes ?? 12, persons);
  const takes = plan(samplesPerClass, subjects, views).filter(splitFilter(split, subjects, views));
  if (takes.length === 0) {
    throw new DatasetError(
      `samplesPerClass: got ${samplesPerClass}, which leaves no clip in the ${split?.part} part; expected more. Raise it.`,
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

/** The clips of one class: all subjects come before other views of a subject, so that few clips are balanced, too. */
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
  rejectUnknownOptions('split', split, splitKeys);
  const { by, part } = split;
  checkOneOf('split.by', by, ['subject', 'view']);
  checkOneOf('split.part', part, ['train', 'test']);
  const groups = by === 'subject' ? subjects : views;
  checkOption(`${by}s`, groups, groups >= 2, `at least 2, since the split is by ${by}`);
  const train = by === 'subject' ? (take: Take) => take.subject % 2 === 1 : (take: Take) => take.view !== 1;
  return (take) => train(take) === (part === 'train');
}

function choose(classes: number | readonly string[], persons: 1 | 2): number[] {
  const available = actions.flatMap((action, i) => ((action.persons ?? 1) <= persons ? [i] : []));
  if (typeof classes === 'number') {
    checkCount('classes', classes, 2);
    if (classes > available.length) {
      throw new DatasetError(
        `classes: got ${classes}; expected at most ${available.length}, the number of actions of ${persons === 1 ? 'one person' : 'one or two persons'}.`,
      );
    }
    return available.slice(0, classes);
  }
  if (classes.length < 2 || new Set(classes).size !== classes.length) {
    throw new DatasetError(mismatch('classes', classes, 'at least two different names'));
  }
  return classes.map((name) => {
    const action = actionNames.indexOf(name);
    if (available.includes(action)) return action;
    const names = available.map((i) => actionNames[i]).join(', ');
    const advice = action === -1 ? undefined : 'This action takes two persons: set persons to 2.';
    throw new DatasetError(mismatch('classes', name, `names among ${names}`, advice));
  });
}

const angleOf = (view: number, views: number) =>
  views === 1 ? 0 : ((view - 1) / (views - 1) - 0.5) * (Math.PI / 2);
const pad = (number: number) => String(number).padStart(3, '0');
