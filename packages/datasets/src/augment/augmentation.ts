import type { ModalityInfo } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { type AugmentationOptions, checkAugmentation } from './augmentationOptions.js';
import { type AugmentedModality, type ModalityTransform, modalityTransforms } from './modalityTransforms.js';
import { transformParams } from './transformParams.js';

/** The augmentation of a data set's samples, in any thread. A sample's transform depends on (seed, epoch, id) alone. */
export interface Augmentation {
  /** The modalities of transformed samples: a crop makes videos smaller. */
  readonly modalities: { readonly [name: string]: ModalityInfo };
  /** The transform of one sample in one epoch. */
  transform(id: string, epoch: number): Transform;
}

/** The transform of one sample, with the same parameters for all its modalities. */
interface Transform {
  /** The label of the transformed sample. */
  label(label: number): number;
  /**
   * Writes one modality's transformed and scaled values.
   * @param values as they are stored, [stored frames, ...] in time; they stay unchanged
   * @param into as many values as the modality has in {@link Augmentation.modalities}
   * @param frames which of the stored frames the sample has; absent: all
   */
  apply(
    name: string,
    values: Float32Array | Uint8Array,
    into: Float32Array,
    frames?: readonly number[],
  ): void;
}

/**
 * The augmentation of samples of these modalities and classes; see {@link AugmentationOptions}.
 * @param modalities what a sample holds before, with uncropped videos
 * @throws {DatasetError} when an option is unknown or out of its range, or a modality can't be mirrored
 */
export function augmentation(
  modalities: { readonly [name: string]: AugmentedModality },
  classes: readonly string[],
  options: AugmentationOptions,
): Augmentation {
  const checked = checkAugmentation(options);
  const mirrorLabels = labelsInMirror(classes, options.mirrorClasses ?? []);
  const transforms = new Map<string, ModalityTransform>();
  const transformed: { [name: string]: ModalityInfo } = {};
  for (const [name, info] of Object.entries(modalities)) {
    const kind = kindOf(info);
    const { scale: _, ...rest } = info;
    const shape = [...info.shape];
    if (kind === 'video' && checked.crop) {
      const { size } = checked.crop;
      if (size > Math.min(shape[1]!, shape[2]!)) {
        throw new DatasetError(
          `crop.size: got ${size}; expected at most the frames of '${name}', ${shape[1]} x ${shape[2]} pixels.`,
        );
      }
      shape.splice(1, 2, size, size);
    }
    transformed[name] = { ...rest, shape };
    transforms.set(name, modalityTransforms[kind](name, info, checked));
  }

  return {
    modalities: transformed,
    transform(id, epoch) {
      const params = transformParams(checked, id, epoch);
      return {
        label: (label) => (params.mirrored ? mirrorLabels[label]! : label),
        apply(name, values, into, frames) {
          transforms.get(name)!(values, params, into, frames);
        },
      };
    },
  };
}

/** The kind of a modality that doesn't say it: joints in metres are a skeleton, other values of rank 4 are a video. */
function kindOf({ kind, shape, unit }: ModalityInfo): NonNullable<ModalityInfo['kind']> | 'other' {
  if (kind) return kind;
  if (shape.length !== 4) return 'other';
  if (unit !== 'metres') return 'video';
  return shape[3] === 3 ? 'skeleton' : 'other';
}

function labelsInMirror(classes: readonly string[], swaps: readonly (readonly [string, string])[]): number[] {
  const labels = classes.map((_, label) => label);
  for (const [a, b] of swaps) {
    const [i, j] = [classes.indexOf(a), classes.indexOf(b)];
    if (i === -1 || j === -1) {
      throw new DatasetError(
        `mirrorClasses: got '${i === -1 ? a : b}'; expected classes among ${classes.join(', ')}.`,
      );
    }
    [labels[i], labels[j]] = [j, i];
  }
  return labels;
}
