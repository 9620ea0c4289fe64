import type { AugmentationOptions } from '@amr/datasets';
import { type PreparedFolderOptions, preparedFolder } from '@amr/datasets/node';
import { framesOf } from './models.js';
import type { Settings, StreamName } from './settings/settings.js';

/** Options of the data of a run. */
export interface PartOptions {
  /** Streams that are read. Default: both. */
  readonly streams?: readonly StreamName[];
  /** For training: the augmentation and its seed. Absent: clips as they are, cropped at the centre. */
  readonly training?: { readonly stage: StreamName | 'joint'; readonly seed: number };
  /** Threads that read; default as {@link preparedFolder}. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
}

/**
 * The training or test part of prepared data, in the shapes of the settings' networks.
 * @param prepared the folder that `prepare` has written
 * @throws {DatasetError} when the folder is missing, or holds other data
 */
export function openPart(
  settings: Settings,
  prepared: string,
  part: 'train' | 'test',
  options: PartOptions = {},
) {
  const { streams = ['video', 'skeleton'], training, workers, signal } = options;
  const { models, prepare, dataset } = settings;
  const modalityOf = (stream: StreamName) => settings.streams[stream].modality;
  const folder: PreparedFolderOptions = {
    split: dataset.split,
    part,
    modalities: streams.map(modalityOf),
    frames: Object.fromEntries(streams.map((stream) => [modalityOf(stream), framesOf(settings, stream)])),
    ...(streams.includes('video') &&
      models.video.size < prepare.video.size && { crop: { size: models.video.size } }),
    ...(training && { augmentation: augmentationOf(settings, training) }),
    ...(workers !== undefined && { workers }),
    ...(signal && { signal }),
  };
  return preparedFolder(prepared, folder);
}

/** The augmentation of a training: the stage's own, and the data set's mirror. */
export function augmentationOf(
  { training, mirror }: Settings,
  { stage, seed }: NonNullable<PartOptions['training']>,
): AugmentationOptions {
  return {
    ...training[stage].augmentation,
    ...(mirror.probability > 0 && { mirror: mirror.probability, mirrorClasses: mirror.classes }),
    seed,
  };
}
