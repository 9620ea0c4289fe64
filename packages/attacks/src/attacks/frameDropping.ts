import { formatValue } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import {
  checkBoolean,
  checkNumber,
  checkOneOf,
  checkOption,
  optionKeys,
  rejectUnknownOptions,
} from '../options.js';
import type { Attack } from '../search/attack.js';
import type { Random } from '../tensors/random.js';
import { corruption } from './corruption.js';

/** The axis of an input's frames. */
export interface Frames {
  /** Axis of the frames, counted from 0, the batch's. */
  axis: number;
}

/** Options of {@link frameDropping}. */
export interface FrameDroppingOptions {
  /** Share of the frames that are dropped, between 0 and 1. Default 0.25. */
  share?: number;
  /** What replaces them: 'zero', or 'hold', the last frame that was kept. Default 'zero'. */
  mode?: 'zero' | 'hold';
  /** Whether all inputs lose the same moments. Default true. */
  together?: boolean;
}

const OPTIONS = /* @__PURE__ */ optionKeys<FrameDroppingOptions>({
  share: true,
  mode: true,
  together: true,
});

/**
 * Frames that are lost in transmission: a corruption, not an adversary, in the form of an attack, so that evaluations and
 * tables treat it like one. In each sample round(share * frames) frames are dropped, drawn uniformly, but never
 * all. 'zero' leaves them empty; 'hold' repeats the last frame kept before, or the first one kept if there is none, as
 * a player does whose connection stalls. Padding counts as frames.
 *
 * With `together` the frames are drawn for the input that has the fewest, F, and of one with T frames frame t is
 * dropped if floor(t * F / T) is: the same moments of both.
 *
 * The classifier is never called. The threat model is a linf ball of infinite radius around each of the inputs.
 * @param frames the inputs that lose frames, and their frame axes
 * @throws {ThreatModelError} when no input is given; when run, if one doesn't exist
 * @throws {AttackOptionsError} when an option is unknown, or an option or axis outside its values, also when run
 * @example
 * ```ts
import * as tf from '@tensorflow/tfjs-core';
 * import { type Classifier, frameDropping } from '@amr/attacks';
 * const classifier: Classifier = ({ rgb }) => tf.mean(rgb!, [2, 3]) as tf.Tensor2D;
 * const clean = { rgb: tf.ones([1, 8, 2, 2, 3]), skeleton: tf.ones([1, 2, 16, 20, 3]) };
 * const attack = frameDropping({ rgb: { axis: 1 }, skeleton: { axis: 2 } }, { share: 0.5 });
 * const { rgb } = await attack.perturb(classifier, clean, tf.tensor1d([0], 'int32'), { seed: 1 });
 * console.log(await tf.mean(rgb, [2, 3, 4]).data()); // four frames of 1, four of 0
 * ```
 */
export function frameDropping(
  frames: { readonly [modality: string]: Frames },
  options: FrameDroppingOptions = {},
): Attack {
  rejectUnknownOptions('frameDropping', options, OPTIONS);
  const { share = 0.25, mode = 'zero', together = true } = options;
  checkNumber('frameDropping.share', share, (value) => value > 0 && value < 1, 'a number between 0 and 1');
  checkBoolean('frameDropping.together', together);
  checkOneOf('frameDropping.mode', mode, ['zero', 'hold']);
  const names = Object.keys(frames);
  return corruption('frameDropping', names, async (inputs, random) => {
    const counts = names.map((name) => framesOf(inputs[name]!, frames[name]!, name));
    const rows = inputs[names[0]!]!.shape[0]!;
    const fewest = Math.min(...counts);
    const shared = together ? await drawLostFrames(random, rows, fewest, share) : undefined;
    const lost: boolean[][][] = [];
    for (const count of counts) {
      lost.push(
        shared?.map((row) =>
          Array.from({ length: count }, (_, t) => row[Math.floor((t * fewest) / count)]!),
        ) ?? (await drawLostFrames(random, rows, count, share)),
      );
    }
    return tf.tidy(() =>
      Object.fromEntries(
        names.map((name, i) => [name, dropFrames(inputs[name]!, frames[name]!.axis, lost[i]!, mode)]),
      ),
    );
  });
}

function framesOf(x: tf.Tensor, { axis }: Frames, name: string): number {
  checkOption(
    `frameDropping.${name}.axis`,
    axis,
    Number.isInteger(axis) && axis >= 1 && axis < x.rank,
    `an axis from 1 to ${x.rank - 1} of the shape ${formatValue(x.shape)}`,
  );
  return x.shape[axis]!;
}

/** For each row which of its frames are dropped. */
async function drawLostFrames(
  random: Random,
  rows: number,
  count: number,
  share: number,
): Promise<boolean[][]> {
  const drawn = random.uniform(rows, count);
  try {
    const scores = await drawn.data();
    return Array.from({ length: rows }, (_, row) => {
      const own = scores.subarray(row * count, (row + 1) * count);
      const order = [...own.keys()].sort((a, b) => own[a]! - own[b]!);
      const lost = new Set(order.slice(0, Math.min(Math.round(share * count), count - 1)));
      return Array.from({ length: count }, (_, t) => lost.has(t));
    });
  } finally {
    drawn.dispose();
  }
}

/** The input with the lost frames of each row replaced. */
function dropFrames(x: tf.Tensor, axis: number, lost: boolean[][], mode: 'zero' | 'hold'): tf.Tensor {
  const count = x.shape[axis]!;
  const before = x.shape.slice(1, axis).reduce((product, size) => product * size, 1);
  const frames = tf.reshape(x, [lost.length * before * count, -1]);
  const perFrame = (value: (row: boolean[], t: number) => number) =>
    lost.flatMap((row) => Array.from({ length: before * count }, (_, i) => value(row, i % count)));
  if (mode === 'zero') {
    const kept = tf.tensor1d(
      perFrame((row, t) => Number(!row[t])),
      'bool',
    );
    return tf.reshape(tf.where(tf.expandDims(kept, 1), frames, tf.zerosLike(frames)), x.shape);
  }
  const sources = perFrame((row, t) => {
    const last = row.lastIndexOf(false, t);
    return last < 0 ? row.indexOf(false) - t : last - t;
  });
  const index = sources.map((offset, place) => place + offset);
  return tf.reshape(tf.gather(frames, tf.tensor1d(index, 'int32')), x.shape);
}
