import { progressClock } from '@amr/internal';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import { type ArrayDataset, fromArrays } from '../source/fromArrays.js';
import { type ActionClipsOptions, actionClipsKeys } from './actionClipsOptions.js';
import { clip } from './clip.js';
import { clipPlan } from './clipPlan.js';

/**
 * Labelled action clips that need no download: motions of the 25-joint NTU skeleton by seeded subjects (proportions, clothes,
 * manner), recorded by cameras around them as noisy skeletons and as RGB video, frame-aligned. The classes can be learned but are
 * not trivial: some differ in only one modality (a cup in the hand: RGB; a thumb's direction: skeleton), some by a direction in
 * time.
 *
 * Modalities: `rgb` `[frames, resolution, resolution, 3]`, range [0, 1]; `skeleton` `[persons, frames, 25, 3]` in metres, in
 * camera coordinates as Kinect v2 gives them (x to the right of the picture, y up, z away from the camera), absent bodies all
 * zero. A joint is seen at column `resolution * (0.5 + focalLength * x / z)`, row `resolution * (0.5 - focalLength * y / z)`.
 *
 * A clip depends only on seed, class, subject, camera and its number: the two parts of a split complement each other, and the
 * same options give the same bytes.
 *
 * @param options see {@link ActionClipsOptions}
 * @returns the clips of the split; ids such as `C2P003R012A004`: camera, subject, number within the class, action
 * @throws {DatasetError} when an option is unknown or not valid
 * @example
 * import { actionClips } from '@amr/datasets';
 *
 * const clips = await actionClips({
 *   classes: ['wave', 'kick'],
 *   samplesPerClass: 4,
 *   resolution: 16,
 *   split: { by: 'view', part: 'train' },
 * });
 * console.log(clips.ids[0], clips.modalities.rgb.shape, clips.modalities.skeleton.shape);
 */
export async function actionClips(options: ActionClipsOptions = {}): Promise<ArrayDataset> {
  rejectUnknownOptions('actionClips', options, optionKeys<ActionClipsOptions>(actionClipsKeys));
  const { onProgress, signal } = options;
  const { classes, persons, frames, resolution, clips } = clipPlan(options);
  const rgbLength = frames.rgb * resolution ** 2 * 3;
  const skeletonLength = persons * frames.skeleton * 75;
  const rgb = new Uint8Array(clips.length * rgbLength);
  const skeleton = new Float32Array(clips.length * skeletonLength);
  const progress = progressClock();
  for (const [i, { spec }] of clips.entries()) {
    signal?.throwIfAborted();
    const made = clip(spec);
    rgb.set(made.rgb, i * rgbLength);
    skeleton.set(made.skeletons.flat(3), i * skeletonLength);
    onProgress?.(progress(i + 1, clips.length));
    // Lets timers and signals run.
    if (i % 8 === 7) await new Promise((resume) => setTimeout(resume));
  }
  return fromArrays({
    modalities: {
      rgb: { data: rgb, shape: [frames.rgb, resolution, resolution, 3], unit: 'intensity' },
      skeleton: { data: skeleton, shape: [persons, frames.skeleton, 25, 3], unit: 'metres' },
    },
    labels: clips.map(({ label }) => label),
    classes,
    ids: clips.map(({ id }) => id),
  });
}
