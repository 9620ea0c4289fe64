import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { preparedFolder } from '@amr/datasets/node';
import { skeletonGraph } from '@amr/encoders';
import { framesOf } from '../models.js';
import type { Run } from '../run.js';
import type { Settings } from '../settings/settings.js';

/** Numbers of clips. */
export interface ClipCounts {
  readonly train: number;
  readonly test: number;
  readonly classes: number;
  /** Whether they were counted in the prepared data; otherwise they are the published ones. */
  readonly prepared: boolean;
}

/** Numbers of the prepared clips, or the published ones where nothing is prepared yet. */
export async function clipCounts({
  settings,
  prepared,
}: Pick<Run, 'settings' | 'prepared'>): Promise<ClipCounts> {
  const { dataset } = settings;
  if (!existsSync(join(prepared, 'manifest.json'))) {
    return { ...dataset.counts[dataset.split]!, classes: dataset.classes, prepared: false };
  }
  const sizes: number[] = [];
  let classes = 0;
  for (const part of ['train', 'test'] as const) {
    const set = await preparedFolder(prepared, { split: dataset.split, part, workers: 0 });
    sizes.push(set.size);
    classes = set.classes.length;
    await set.close();
  }
  return { train: sizes[0]!, test: sizes[1]!, classes, prepared: true };
}

/** Shape of one clip as the networks read it, by modality. */
export function clipShapes(settings: Settings): { [modality: string]: number[] } {
  const { streams, models } = settings;
  const { size } = models.video;
  const { persons, layout, coordinates } = streams.skeleton;
  return {
    [streams.video.modality]: [framesOf(settings, 'video'), size, size, streams.video.channels],
    [streams.skeleton.modality]: [
      persons,
      framesOf(settings, 'skeleton'),
      skeletonGraph(layout).joints,
      coordinates,
    ],
  };
}

/** Bytes that a prepared clip takes: a byte for each pixel and channel, four for each coordinate. */
export function preparedBytes({ prepare, streams }: Settings): number {
  const { frames, size } = prepare.video;
  const { persons, layout, coordinates } = streams.skeleton;
  return (
    frames * size * size * streams.video.channels +
    4 * persons * prepare.skeleton.frames * skeletonGraph(layout).joints * coordinates
  );
}
