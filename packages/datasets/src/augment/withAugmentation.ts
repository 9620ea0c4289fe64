import type { Batch, BatchOptions, Dataset } from '@amr/internal';
import { type Tensor, tensor, tensor1d } from '@tensorflow/tfjs-core';
import { augmenter } from './augmentation.js';
import type { AugmentationOptions } from './augmentationOptions.js';

/**
 * The same data set with samples that differ a little from epoch to epoch. What both streams show is changed alike: a
 * mirror flips the frames, the skeletons' x and their left and right joints together, `roll` and `zoom` turn and enlarge
 * both, and time is cropped at the same moments. What is drawn depends on (seed, epoch, id of the sample) only, so a resumed
 * or reshuffled run sees the same. `rotation`, `scale`, `jitter` concern skeletons only, `shift`, `crop`, `brightness` videos
 * only: a video can't show a turn about the vertical axis, a skeleton in metres knows nothing of the picture's border.
 *
 * What a modality is, its `kind` says. Where it doesn't, skeletons are the modalities of unit 'metres' and shape [persons,
 * frames, joints, 3]; videos the others of rank 4, [frames, height, width, channels]; what is neither stays as it is.
 * Absent bodies stay all zero. A series is cropped in time only, and mirrored where `mirrorSeries` says how.
 *
 * Data sets that are streamed, such as those of prepared folders, take the same options themselves: samples are then changed
 * in the threads that read them, before there are tensors.
 *
 * @param dataset what to change; it stays as it is
 * @param options how much; see {@link AugmentationOptions}
 * @returns a data set of the same size, classes, ids and modalities; with `crop`, videos have smaller frames
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
  const { modalities, draw } = augmenter(dataset.modalities, dataset.classes, options);

  async function* run(batches: AsyncIterable<Batch>, epoch: number): AsyncGenerator<Batch> {
    for await (const { ids, inputs, labels } of batches) {
      const changes = ids.map((id) => draw(id, epoch));
      const [oldLabels, ...values] = await Promise.all(
        [labels, ...Object.values(inputs)].map((old) => old.data()),
      );
      const changed: { [modality: string]: Tensor } = {};
      for (const [m, [name, old]] of Object.entries(inputs).entries()) {
        const before = values[m] as Float32Array;
        const { shape } = modalities[name]!;
        const [from, to] = [before.length / ids.length, shape.reduce((product, axis) => product * axis, 1)];
        const after = new Float32Array(ids.length * to);
        changes.forEach(({ apply }, i) => {
          apply(name, before.subarray(i * from, (i + 1) * from), after.subarray(i * to, (i + 1) * to));
        });
        changed[name] = tensor(after, [ids.length, ...shape], 'float32');
        old.dispose();
      }
      labels.dispose();
      const newLabels = Array.from(oldLabels!, (label, i) => changes[i]!.label(label));
      yield { ids, inputs: changed, labels: tensor1d(newLabels, 'int32') };
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
