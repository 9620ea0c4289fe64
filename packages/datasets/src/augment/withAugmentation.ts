import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { Batch, BatchOptions, Dataset, ModalityInfo } from '../dataset.js';
import { DatasetError } from '../datasetError.js';
import { ntuMirror, utdMhadMirror } from '../generator/skeleton.js';
import { random } from '../random.js';
import {
  cropSkeletonTime,
  jitterSkeletons,
  mirrorSkeletons,
  type SkeletonShape,
  turnSkeletons,
} from './skeletons.js';
import { brightenVideo, cropVideoTime, mirrorVideo, shiftVideo, type VideoShape } from './videos.js';

/** How {@link withAugmentation} changes samples; each number is 0, which changes nothing, by default. */
export interface AugmentationOptions {
  /** Seed of the changes, default 0. */
  seed?: number;
  /** Skeletons are turned about the vertical axis by up to so many degrees. */
  rotation?: number;
  /** Skeletons are enlarged by a factor in [1 - scale, 1 + scale]. */
  scale?: number;
  /** Standard deviation of normal noise on each coordinate of a joint, in metres. */
  jitter?: number;
  /** Videos are moved by up to so many whole pixels in each direction. */
  shift?: number;
  /** Videos' values are multiplied by a factor in [1 - brightness, 1 + brightness] and held in their range. */
  brightness?: number;
  /** Up to this share of the time is cut off, the rest stretched over all frames; both streams alike. */
  cropTime?: number;
  /** Probability that a sample is mirrored; both streams together. */
  mirror?: number;
  /** Left and right joints that a mirror swaps; default those of the NTU (25 joints) and UTD-MHAD (20 joints) skeletons. */
  mirrorJoints?: readonly (readonly [number, number])[];
  /** Classes that are another one in a mirror, as pairs of names: `[['swipe left', 'swipe right']]`. Default none. */
  mirrorClasses?: readonly (readonly [string, string])[];
}

/**
 * The same data set with samples that differ a little from epoch to epoch. What both streams show is changed alike: a
 * mirror flips the frames, the skeletons' x and their left and right joints together, and time is cropped at the same
 * moments. What is drawn depends on (seed, epoch, id of the sample) only, so a resumed or reshuffled run sees the same.
 *
 * Skeletons are the modalities of unit 'metres' and shape [persons, frames, joints, 3]; videos the others of rank 4,
 * [frames, height, width, channels]; what is neither stays as it is. Absent bodies stay all zero.
 *
 * @param dataset what to change; it stays as it is
 * @param options how much; see {@link AugmentationOptions}
 * @returns a data set of the same size, classes, ids and modalities
 * @throws {DatasetError} when a number is out of its range, a class to mirror is unknown, or joints to mirror aren't
 * @example
 * import { fromArrays, withAugmentation } from '@amr/datasets';
 *
 * const dataset = fromArrays({
 *   modalities: { rgb: { data: new Uint8Array(2 * 4 * 8 * 8 * 3), shape: [4, 8, 8, 3], unit: 'intensity' } },
 *   labels: [0, 1],
 *   classes: ['swipe left', 'swipe right'],
 * });
 * const augmented = withAugmentation(dataset, {
 *   shift: 2,
 *   mirror: 0.5,
 *   mirrorClasses: [['swipe left', 'swipe right']],
 * });
 * for await (const { inputs, labels } of augmented.batches({ batchSize: 2, seed: 1, epoch: 3 })) {
 *   console.log(inputs.rgb.shape); // [2, 4, 8, 8, 3]
 *   inputs.rgb.dispose();
 *   labels.dispose();
 * }
 */
export function withAugmentation(dataset: Dataset, options: AugmentationOptions): Dataset {
  const {
    seed = 0,
    rotation = 0,
    scale = 0,
    jitter = 0,
    shift = 0,
    brightness = 0,
    cropTime = 0,
    mirror = 0,
  } = options;
  check('seed', seed, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  check('rotation', rotation, 0, 180);
  check('scale', scale, 0, 0.9);
  check('jitter', jitter, 0, Number.POSITIVE_INFINITY);
  check('shift', shift, 0, Number.POSITIVE_INFINITY);
  check('brightness', brightness, 0, 1);
  check('cropTime', cropTime, 0, 0.9);
  check('mirror', mirror, 0, 1);
  const mirrorLabels = labelsInMirror(dataset.classes, options.mirrorClasses ?? []);
  const kinds = new Map(Object.entries(dataset.modalities).map(([name, info]) => [name, kindOf(info)]));
  const pairs = new Map<string, readonly (readonly [number, number])[]>();
  for (const [name, kind] of kinds) {
    if (kind === 'skeletons' && mirror > 0)
      pairs.set(name, pairsOf(name, dataset.modalities[name]!, options));
  }

  /** One sample's changes, drawn in a fixed order, then done to each of its modalities. */
  const change = (id: string, epoch: number) => {
    const r = random('augmentation', seed, epoch, id);
    const angle = (r.uniform(-rotation, rotation) * Math.PI) / 180;
    const size = 1 + r.uniform(-scale, scale);
    const [right, down] = [Math.round(r.uniform(-shift, shift)), Math.round(r.uniform(-shift, shift))];
    const gain = 1 + r.uniform(-brightness, brightness);
    const kept = 1 - r.uniform(0, cropTime);
    const from = r.uniform(0, 1 - kept);
    const flipped = r.chance(mirror);
    const apply = (name: string, values: Float32Array): Float32Array => {
      const info = dataset.modalities[name]!;
      const kind = kinds.get(name);
      let out = values;
      if (kind === 'skeletons') {
        const shape = info.shape as unknown as SkeletonShape;
        if (cropTime > 0) out = cropSkeletonTime(out, shape, from, from + kept);
        if (flipped) out = mirrorSkeletons(out, shape, pairs.get(name)!);
        if (angle !== 0 || size !== 1) out = turnSkeletons(out, shape, angle, size);
        if (jitter > 0) out = jitterSkeletons(out, shape, jitter, r);
      } else if (kind === 'video') {
        const shape = info.shape as unknown as VideoShape;
        if (cropTime > 0) out = cropVideoTime(out, shape, from, from + kept);
        if (flipped) out = mirrorVideo(out, shape);
        if (right !== 0 || down !== 0) out = shiftVideo(out, shape, right, down);
        if (gain !== 1)
          out = brightenVideo(out, gain, info.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
      }
      return out;
    };
    return { flipped, apply };
  };

  async function* run(batches: AsyncIterable<Batch>, epoch: number): AsyncGenerator<Batch> {
    for await (const { ids, inputs, labels } of batches) {
      const changes = ids.map((id) => change(id, epoch));
      const [oldLabels, ...values] = await Promise.all(
        [labels, ...Object.values(inputs)].map((old) => old.data()),
      );
      const changed: { [modality: string]: Tensor } = {};
      for (const [m, [name, old]] of Object.entries(inputs).entries()) {
        const all = new Float32Array(values[m]!);
        const length = all.length / ids.length;
        changes.forEach(({ apply }, i) => {
          all.set(apply(name, all.subarray(i * length, (i + 1) * length)), i * length);
        });
        changed[name] = tensor(all, old.shape, 'float32');
        old.dispose();
      }
      labels.dispose();
      const newLabels = Array.from(oldLabels!, (label, i) =>
        changes[i]!.flipped ? mirrorLabels[label]! : label,
      );
      yield { ids, inputs: changed, labels: tensor1d(newLabels, 'int32') };
    }
  }

  return {
    size: dataset.size,
    classes: dataset.classes,
    ids: dataset.ids,
    modalities: dataset.modalities,
    batches: (batchOptions: BatchOptions) => run(dataset.batches(batchOptions), batchOptions.epoch ?? 0),
    subset: (indices) => withAugmentation(dataset.subset(indices), options),
  };
}

function kindOf({ shape, unit }: ModalityInfo): 'skeletons' | 'video' | undefined {
  if (shape.length !== 4) return undefined;
  if (unit !== 'metres') return 'video';
  return shape[3] === 3 ? 'skeletons' : undefined;
}

function pairsOf(name: string, { shape }: ModalityInfo, { mirrorJoints }: AugmentationOptions) {
  const joints = shape[2]!;
  const pairs = mirrorJoints ?? (joints === 25 ? ntuMirror : joints === 20 ? utdMhadMirror : undefined);
  if (!pairs) {
    throw new DatasetError(
      `mirror: which of the ${joints} joints of '${name}' are left and right? Give mirrorJoints`,
    );
  }
  const beyond = pairs.flat().find((joint) => !(Number.isInteger(joint) && joint >= 0 && joint < joints));
  if (beyond !== undefined) {
    throw new DatasetError(
      `mirrorJoints: joint ${beyond} was given, '${name}' has joints 0 to ${joints - 1}`,
    );
  }
  return pairs;
}

function labelsInMirror(classes: readonly string[], swaps: readonly (readonly [string, string])[]): number[] {
  const labels = classes.map((_, label) => label);
  for (const [a, b] of swaps) {
    const [i, j] = [classes.indexOf(a), classes.indexOf(b)];
    if (i === -1 || j === -1) {
      throw new DatasetError(
        `mirrorClasses: there is no class '${i === -1 ? a : b}' among ${classes.join(', ')}`,
      );
    }
    [labels[i], labels[j]] = [j, i];
  }
  return labels;
}

function check(name: string, value: number, least: number, greatest: number): void {
  if (!(value >= least && value <= greatest) || Number.isNaN(value)) {
    throw new DatasetError(`${name}: ${value} was given, a number from ${least} to ${greatest} was expected`);
  }
}
