import type { ModalityInfo } from '@amr/internal';
import { random } from '@amr/internal';
import { augmenter } from '../augment/augmentation.js';
import type { AugmentationOptions, CropOptions } from '../augment/augmentationOptions.js';
import { DatasetError } from '../datasetError.js';
import { checkCount } from '../options.js';
import type { StoredModality } from '../source/sourceFormat.js';
import { type FrameSampling, frameSamplings } from '../video/frameSampling.js';
import { type FrameCount, sampleMoments } from './frameTimes.js';

/** What is made of stored samples. */
export interface SampleOptions {
  /** Which modalities, in this order; default all. */
  modalities?: readonly string[];
  /** How many of the stored frames a sample has: a number for all modalities, or one by modality. Default all. */
  frames?: number | { readonly [modality: string]: number };
  /**
   * Which frames, when not all are taken: `'uniform'` (default), the same in each epoch; `'segments'` or `'dense'`, drawn by
   * (seed, epoch, id) at the same moments of the clip for all modalities.
   */
  sampling?: FrameSampling;
  /** Seed of random sampling, default 0. */
  seed?: number;
  /** A square of so many pixels of each frame of videos: at a random place with `augmentation`, at the centre without. */
  crop?: CropOptions;
  /** How samples differ from epoch to epoch; default not at all. */
  augmentation?: AugmentationOptions;
}

/** What is made of stored samples, in full and as plain data: worker threads are sent it. */
export interface SampleRecipe {
  /** What is stored of each modality that is used. */
  stored: { [modality: string]: StoredModality };
  /** How many frames a sample has; modalities without frames of their own are not in it. */
  frames: { [modality: string]: FrameCount };
  /** See {@link SampleOptions.sampling}. */
  sampling: FrameSampling;
  /** See {@link SampleOptions.seed}. */
  seed: number;
  /** With the crop. */
  augmentation: AugmentationOptions;
  /** Names of the classes. */
  classes: readonly string[];
}

/**
 * Checks what is to be made of stored samples.
 * @throws {DatasetError} when there is no such modality, it has fewer frames, or the augmentation can't be done
 */
export function sampleRecipe(
  stored: { readonly [modality: string]: StoredModality },
  classes: readonly string[],
  options: SampleOptions,
): SampleRecipe {
  const { sampling = 'uniform', seed = 0, crop, augmentation } = options;
  const names = options.modalities ?? Object.keys(stored);
  const unknown = [...names, ...(typeof options.frames === 'object' ? Object.keys(options.frames) : [])].find(
    (name) => !Object.hasOwn(stored, name),
  );
  if (unknown !== undefined) {
    throw new DatasetError(`there is no modality '${unknown}'; there are ${Object.keys(stored).join(', ')}`);
  }
  if (names.length === 0) throw new DatasetError('modalities: none was given, at least one was expected');
  if (new Set(names).size !== names.length) {
    throw new DatasetError(`modalities: ${names.join(', ')} were given, each only once was expected`);
  }
  if (!frameSamplings.includes(sampling)) {
    throw new DatasetError(
      `sampling: '${sampling}' was given, one of ${frameSamplings.join(', ')} was expected`,
    );
  }
  if (!Number.isFinite(seed)) {
    throw new DatasetError(`seed: ${seed} was given, a finite number was expected`);
  }
  const frames: { [modality: string]: FrameCount } = {};
  for (const name of names) {
    const total = stored[name]!.shape[timeAxis(stored[name]!)]!;
    const wanted = (typeof options.frames === 'number' ? options.frames : options.frames?.[name]) ?? total;
    checkCount(`frames of '${name}'`, wanted);
    if (wanted > total) {
      throw new DatasetError(
        `frames: ${wanted} of '${name}' were asked for, ${total} are stored; ask for fewer, or prepare the data with more`,
      );
    }
    frames[name] = { stored: total, wanted };
  }
  const centred: AugmentationOptions = crop ? { crop: { place: 'centre', ...crop } } : {};
  return {
    stored: Object.fromEntries(names.map((name) => [name, stored[name]!])),
    frames,
    sampling,
    seed,
    augmentation: augmentation ? { ...(crop && { crop }), ...augmentation } : centred,
    classes,
  };
}

/** Makes samples as a recipe says. */
export interface SampleMaker {
  /** What is made. */
  readonly modalities: { readonly [name: string]: ModalityInfo };
  /**
   * Writes a sample's values.
   * @param arrays as they are stored
   * @param into for each modality as many values as its shape has
   * @returns its label
   */
  make(
    sample: { id: string; label: number },
    epoch: number,
    arrays: { readonly [modality: string]: Float32Array | Uint8Array },
    into: (modality: string) => Float32Array,
  ): number;
}

/** Makes samples as the recipe says, in whatever thread. */
export function sampleMaker(recipe: SampleRecipe): SampleMaker {
  const { frames, sampling, seed } = recipe;
  const infos = Object.fromEntries(
    Object.entries(recipe.stored).map(([name, modality]) => {
      const { kind, unit, dtype } = modality;
      const shape = [...modality.shape];
      shape[timeAxis(modality)] = frames[name]!.wanted;
      const scale = modality.scale ?? (dtype === 'uint8' ? 1 / 255 : 1);
      const range =
        modality.range ?? (dtype === 'uint8' ? ([0, 255 * scale] as [number, number]) : undefined);
      return [name, { shape, kind, unit, scale, ...(range && { range }) }];
    }),
  );
  const { modalities, draw } = augmenter(infos, recipe.classes, recipe.augmentation);
  const uniform = sampleMoments(frames, 'uniform', () => random());
  return {
    modalities,
    make({ id, label }, epoch, arrays, into) {
      const picked =
        sampling === 'uniform'
          ? uniform
          : sampleMoments(frames, sampling, () => random('frames', seed, epoch, id));
      const change = draw(id, epoch);
      for (const name of Object.keys(infos)) {
        change.apply(name, arrays[name]!, into(name), picked[name]);
      }
      return change.label(label);
    },
  };
}

const timeAxis = ({ kind }: StoredModality): number => (kind === 'skeleton' || kind === 'keypoints' ? 1 : 0);
