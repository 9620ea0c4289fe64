import { type PreparedFolderOptions, preparedFolder } from '@amr/datasets/node';
import { skeletonGraph } from '@amr/encoders';
import type { Run } from '../run.js';
import type { Settings } from '../settings/settings.js';

/**
 * Numbers of clips in the two parts of the prepared data, checked before any work.
 * @throws {DatasetError} when there is no prepared data, or no such split
 * @throws when it doesn't fit the settings: other classes, or arrays of other shapes
 */
export async function countClips({
  settings,
  prepared,
}: Pick<Run, 'settings' | 'prepared'>): Promise<{ train: number; test: number }> {
  const [train, test] = await Promise.all([
    sizeOf(settings, prepared, 'train'),
    sizeOf(settings, prepared, 'test'),
  ]);
  return { train, test };
}

async function sizeOf(settings: Settings, prepared: string, part: 'train' | 'test'): Promise<number> {
  const { dataset } = settings;
  const shapes = preparedShapes(settings);
  const options: PreparedFolderOptions = {
    split: dataset.split,
    part,
    modalities: Object.keys(shapes),
    workers: 0,
  };
  const { size, classes, modalities, close } = await preparedFolder(prepared, options);
  await close();
  const refuse = (found: string): never => {
    throw new Error(
      `--prepared: got ${prepared}, which holds ${found}. Prepare data with these settings in another folder, or give the folder that holds it.`,
    );
  };
  if (classes.length !== dataset.classes) {
    refuse(`${classes.length} classes; expected the ${dataset.classes} of ${dataset.title}`);
  }
  for (const [modality, shape] of Object.entries(shapes)) {
    const stored = modalities[modality]!.shape;
    if (stored.join() === shape.join()) continue;
    refuse(`${modality} of shape [${stored.join(', ')}]; expected [${shape.join(', ')}]`);
  }
  return size;
}

/** Shape of one clip as it is prepared, by modality. */
function preparedShapes({ prepare, streams }: Settings): { [modality: string]: number[] } {
  const { frames, size } = prepare.video;
  const { video, skeleton } = streams;
  const { joints } = skeletonGraph(skeleton.layout);
  return {
    [video.modality]: [frames, size, size, video.channels],
    [skeleton.modality]: [skeleton.persons, prepare.skeleton.frames, joints, skeleton.coordinates],
  };
}
