/*
 * The sample transform: what happens between a stored sample and its row of a batch, which is picking frames, scaling,
 * cropping and augmenting. It is plain data, made and checked once in the main thread and sent to worker threads, which apply
 * it next to the reads, so that the main thread only makes tensors. All its random choices depend on (seed, epoch, id of the
 * sample) alone, so that batches are the same bits from any number of threads, in any order, and after resuming.
 */
import { type ModalityInfo, mismatch, random } from '@amr/internal';
import { augmentation as augmentationOf } from '../augment/augmentation.js';
import { type AugmentationOptions, type CropOptions, checkCrop } from '../augment/augmentationOptions.js';
import { DatasetError } from '../datasetError.js';
import { checkCount, checkOneOf, checkOption } from '../options.js';
import type { StoredModality } from '../source/sourceFormat.js';
import { type FrameSampling, frameSamplings } from '../video/frameSampling.js';
import { type FrameCount, frameTimes } from './frameTimes.js';

/** Options of how stored samples become inputs. */
export interface SampleOptions {
  /** Names of the modalities, in their order; default all. */
  modalities?: readonly string[];
  /** Number of frames of a sample, for all modalities or by modality; at most as many as are stored. Default: all. */
  frames?: number | { readonly [modality: string]: number };
  /**
   * How fewer frames are picked: `'uniform'` (default), the same in each epoch; `'segments'` or `'dense'`, random by (seed, epoch,
   * id), at the same times of the clip in all modalities.
   */
  sampling?: FrameSampling;
  /** Seed of random sampling, default 0. */
  seed?: number;
  /** Crops each frame of videos to a square: at a random place with `augmentation`, at the centre without. */
  crop?: CropOptions;
  /** Random transforms that differ from epoch to epoch; default none. */
  augmentation?: AugmentationOptions;
}

/** {@link SampleOptions} with their defaults and with what they apply to, as plain data. */
export interface SampleTransform {
  /** The stored modalities that are used. */
  stored: { [modality: string]: StoredModality };
  /** Numbers of stored frames and of a sample's frames. */
  frames: { [modality: string]: FrameCount };
  /** See {@link SampleOptions.sampling}. */
  sampling: FrameSampling;
  /** See {@link SampleOptions.seed}. */
  seed: number;
  /** Augmentation, including the crop. */
  augmentation: AugmentationOptions;
  /** Names of the classes. */
  classes: readonly string[];
}

/**
 * Checks the options and completes them.
 * @throws {DatasetError} when a modality doesn't exist or has fewer frames, or an option is not valid
 */
export function sampleTransform(
  stored: { readonly [modality: string]: StoredModality },
  classes: readonly string[],
  options: SampleOptions,
): SampleTransform {
  const { sampling = 'uniform', seed = 0, crop, augmentation } = options;
  const names = options.modalities ?? Object.keys(stored);
  const unknown = [...names, ...(typeof options.frames === 'object' ? Object.keys(options.frames) : [])].find(
    (name) => !Object.hasOwn(stored, name),
  );
  if (unknown !== undefined) {
    throw new DatasetError(mismatch('modalities', unknown, `names among ${Object.keys(stored).join(', ')}`));
  }
  checkOption('modalities', names, names.length > 0, 'at least one name');
  checkOption('modalities', names, new Set(names).size === names.length, 'each name only once');
  checkOneOf('sampling', sampling, frameSamplings);
  checkOption('seed', seed, Number.isFinite(seed), 'a finite number');
  if (crop) checkCrop(crop);
  const frames: { [modality: string]: FrameCount } = {};
  for (const name of names) {
    const total = stored[name]!.shape[timeAxis(stored[name]!)]!;
    const wanted = (typeof options.frames === 'number' ? options.frames : options.frames?.[name]) ?? total;
    checkCount(`frames.${name}`, wanted);
    checkOption(
      `frames.${name}`,
      wanted,
      wanted <= total,
      `at most ${total}, as many as are stored`,
      'Take fewer frames, or prepare the data with more.',
    );
    frames[name] = { stored: total, wanted };
  }
  const centered: AugmentationOptions = crop ? { crop: { place: 'center', ...crop } } : {};
  return {
    stored: Object.fromEntries(names.map((name) => [name, stored[name]!])),
    frames,
    sampling,
    seed,
    augmentation: augmentation ? { ...(crop && { crop }), ...augmentation } : centered,
    classes,
  };
}

/** Applies a sample transform. */
export interface SampleTransformer {
  /** The modalities of transformed samples. */
  readonly modalities: { readonly [name: string]: ModalityInfo };
  /**
   * Writes a sample's values.
   * @param arrays the stored values
   * @param into gives the array for a modality, with as many values as its shape has
   * @returns the label of the transformed sample
   */
  apply(
    sample: { id: string; label: number },
    epoch: number,
    arrays: { readonly [modality: string]: Float32Array | Uint8Array },
    into: (modality: string) => Float32Array,
  ): number;
}

/** The transformer of a sample transform, in any thread. */
export function sampleTransformer(transform: SampleTransform): SampleTransformer {
  const { stored, frames, sampling, seed, classes, augmentation } = transform;
  const infos = Object.fromEntries(
    Object.entries(stored).map(([name, modality]) => {
      const { kind, unit, dtype } = modality;
      const shape = [...modality.shape];
      shape[timeAxis(modality)] = frames[name]!.wanted;
      const scale = modality.scale ?? (dtype === 'uint8' ? 1 / 255 : 1);
      const range =
        modality.range ?? (dtype === 'uint8' ? ([0, 255 * scale] as [number, number]) : undefined);
      return [name, { shape, kind, unit, scale, ...(range && { range }) }];
    }),
  );
  const augmented = augmentationOf(infos, classes, augmentation);
  const uniform = frameTimes(frames, 'uniform', () => random());
  return {
    modalities: augmented.modalities,
    apply({ id, label }, epoch, arrays, into) {
      const times =
        sampling === 'uniform'
          ? uniform
          : frameTimes(frames, sampling, () => random('frames', seed, epoch, id));
      const own = augmented.transform(id, epoch);
      for (const name of Object.keys(infos)) own.apply(name, arrays[name]!, into(name), times[name]);
      return own.label(label);
    },
  };
}

const timeAxis = ({ kind }: StoredModality): number => (kind === 'skeleton' || kind === 'keypoints' ? 1 : 0);
