import type { Batch, BatchOptions, Dataset } from '@amr/internal';
import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { augmentation } from './augmentation.js';
import type { AugmentationOptions } from './augmentationOptions.js';

/**
 * The same data set with samples that differ a little from epoch to epoch. The modalities of a sample stay consistent: a mirror
 * flips the frames, the skeletons' x and their left and right joints together, `roll` and `zoom` rotate and enlarge both, and
 * time is cropped at the same moments. The random parameters depend on (seed, epoch, id of the sample) only, so a resumed or
 * reshuffled run sees the same samples. `rotation`, `scale` and `jitter` apply to skeletons only, `shift`, `crop` and
 * `brightness` to videos only: a video can't show a rotation about the vertical axis, and a skeleton in metres has no border.
 *
 * `kind` says what a modality is. Without it, modalities of unit 'metres' and shape [persons, frames, joints, 3] are skeletons,
 * others of rank 4, [frames, height, width, channels], are videos, and the rest stays unchanged. Absent bodies stay all zero. A
 * series is only cropped in time, and mirrored where `mirrorSeries` gives its signs.
 *
 * Streamed data sets, such as those of prepared folders, take the same options themselves: they transform samples in the threads
 * that read them, before there are tensors.
 *
 * @param dataset the data set, which stays unchanged
 * @param options see {@link AugmentationOptions}
 * @returns a data set of the same size, classes, ids and modalities; with `crop`, videos have smaller frames
 * @throws {DatasetError} when an option is unknown or out of its range, or a modality can't be mirrored
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
  const { modalities, transform } = augmentation(dataset.modalities, dataset.classes, options);

  async function* run(batches: AsyncIterable<Batch>, epoch: number): AsyncGenerator<Batch> {
    for await (const { ids, inputs, labels } of batches) {
      const transforms = ids.map((id) => transform(id, epoch));
      const [oldLabels, ...values] = await Promise.all(
        [labels, ...Object.values(inputs)].map((old) => old.data()),
      );
      const transformed: { [modality: string]: Tensor } = {};
      for (const [m, [name, old]] of Object.entries(inputs).entries()) {
        const before = values[m] as Float32Array;
        const { shape } = modalities[name]!;
        const [from, to] = [before.length / ids.length, shape.reduce((product, axis) => product * axis, 1)];
        const after = new Float32Array(ids.length * to);
        transforms.forEach(({ apply }, i) => {
          apply(name, before.subarray(i * from, (i + 1) * from), after.subarray(i * to, (i + 1) * to));
        });
        transformed[name] = tensor(after, [ids.length, ...shape], 'float32');
        old.dispose();
      }
      labels.dispose();
      const newLabels = Array.from(oldLabels!, (label, i) => transforms[i]!.label(label));
      yield { ids, inputs: transformed, labels: tensor1d(newLabels, 'int32') };
    }
  }

  return {
    size: dataset.size,
    classes: dataset.classes,
    ids: dataset.ids,
    modalities,
    batches: (batchOptions: BatchOptions) => run(dataset.batches(batchOptions), batchOptions.epoch ?? 0),
    subset: (indices) => withAugmentation(dataset.subset(indices), options),
  };
}
