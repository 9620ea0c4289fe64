import { parse } from 'node:path';
import { float32ValuesOf } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';
import { checkCount, checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
import { videosBelow } from '../../source/filesBelow.js';
import { readWholeFile } from '../../source/readWholeFile.js';
import type {
  ListedSample,
  Listing,
  ReadSample,
  SkippedSample,
  SourceFormat,
} from '../../source/sourceFormat.js';
import { readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { type SkeletonFit, skeletonFits } from '../fitToFrames.js';
import { checkPath, checkVideosFolder } from '../formatChecks.js';
import { fitKeypoints } from '../keypoints/fitKeypoints.js';
import { keypointBox } from '../keypoints/keypointBox.js';
import { inPictureHeights, keypointUnit } from '../keypoints/pictureHeights.js';
import { ntu60Classes, ntu120Classes } from '../ntu/classNames.js';
import type { BodyClip } from '../ntu/mainBodies.js';
import { alignView, center, fitFrames } from '../ntu/normalize.js';
import { parseSampleName } from '../ntu/sampleName.js';
import { jointCount } from '../ntu/skeletonFile.js';
import { type Annotation, type AnnotationFile, parseAnnotationFile } from './annotationFile.js';
import { pysklSplits } from './pysklSplits.js';
import { readStoredArrays, type StoredArray, storedArray } from './storedArray.js';

/** Options of making arrays of fixed shape from PYSKL's skeletons. Plain data. */
export interface PysklSkeletonOptions {
  /** Number of persons of each sample: the first in the file, and zeros when there are fewer. Default 2, as in PYSKL's FormatGCNInput. */
  persons?: number;
  /** Number of frames. Default 64. */
  frames?: number;
  /** How a sample gets this number of frames: see {@link SkeletonFit}. Default `'resample'`. */
  fit?: SkeletonFit;
  /**
   * Whether joints in metres are moved so that the middle of the first body's spine is at 0 in the first frame, as PYSKL's
   * PreNormalize3D does. Default true.
   */
  center?: boolean;
  /**
   * Whether joints in metres are rotated so that in the first frame the first body's spine is on the z axis and its shoulders are on
   * the x axis, as PYSKL's PreNormalize3D does. Default false.
   */
  alignView?: boolean;
}

/** Options of {@link pyskl}. Plain data. */
export interface PysklOptions {
  /** The pickle: `ntu60_3danno.pkl`, `ntu60_hrnet.pkl`, ... */
  file: string;
  /** How skeletons and key points are prepared. */
  skeleton?: PysklSkeletonOptions;
  /** Names of the classes, by label. Default: NTU's names when samples and labels are NTU's, otherwise `'class 0'` and so on. */
  classes?: string[];
  /** Folder of videos with the samples' names (`<frame_dir>_rgb.avi` of NTU, or `<frame_dir>.mp4`). Samples without a video are skipped. */
  videos?: string;
  /** How videos are read. Only 2D key points give a box for `crop: 'person'`. */
  video?: VideoOptions;
}

/** What reading a sample needs besides its file. */
interface Part {
  /** Size of the pickle in bytes. */
  size: number;
  /** Number of the annotation in the file. */
  index: number;
  /** Key points and scores; absent when the file's bytes don't contain them as they are. */
  arrays?: StoredArray[];
  /** Shape of the keypoint array. */
  shape: number[];
  picture?: [height: number, width: number];
  fault?: string;
}

/**
 * PYSKL's annotation pickles (Duan et al., ACM MM 2022; their format is in PYSKL's tools/data/README.md), which hold 2D or 3D
 * skeletons of NTU RGB+D 60 and 120, FineGYM, UCF101, HMDB51, Diving48 and others: `ntu60_3danno.pkl`, `ntu60_hrnet.pkl`, ...
 *
 * The pickle's reader makes plain values and NumPy's arrays only, and executes nothing. `list` reads the file once and remembers the
 * position of each sample's arrays, and `read` reads only those bytes. (Files of pickle protocol 2, which Python 3 doesn't write by
 * default, don't contain such bytes; for them each thread keeps the whole file in memory.)
 *
 * Modality `skeleton`: 3D joints are `[persons, frames, joints, 3]` in metres; 2D key points have kind `'keypoints'`, `[persons,
 * frames, joints, 3]` of x, y and score, x and y in picture heights from the picture's middle, x to the right and y up. A key point
 * with score 0 is all zero; without scores, all have score 1 unless they are at 0, 0. With `videos` also `rgb`. Samples are named by
 * `frame_dir`; those of NTU have the tags `setup`, `camera`, `subject`, `replication` and `action`. Splits are the file's own lists,
 * `xsub_train` and `xsub_val` as `xsub`. An annotation that is not valid is a damaged sample.
 */
export const pyskl: SourceFormat<PysklOptions> = {
  name: 'pyskl',

  async list(options, signal) {
    const { persons, frames } = checkOptions(options);
    const { file, videos } = options;
    const bytes = await readWholeFile(file, signal);
    const found = parseAnnotationFile(bytes, file);
    const [joints, coordinates] = layoutOf(found.annotations, file);
    const { dataset, classes } = classesOf(found.annotations, options);
    const videoFiles = videos === undefined ? undefined : await videosBelow(videos);
    const skipped: SkippedSample[] = [];
    const samples = found.annotations.flatMap((annotation, index): ListedSample[] => {
      const { id, label } = annotation;
      const video = videoFiles?.get(parse(id).base);
      if (videoFiles && !video) {
        skipped.push({ id, reason: `no video of that name is in ${videos}` });
        return [];
      }
      const part = partOf(annotation, index, bytes, [joints, coordinates]);
      const tags = { ...parseSampleName(id) };
      return [{ id, label, tags, files: { skeleton: file, ...(video && { rgb: video }) }, part }];
    });
    return {
      dataset,
      classes,
      modalities: {
        skeleton: {
          dtype: 'float32',
          shape: [persons, frames, joints, 3],
          ...(coordinates === 3
            ? { kind: 'skeleton' as const, unit: 'metres' }
            : { kind: 'keypoints' as const, unit: keypointUnit }),
        },
        ...(videos !== undefined && { rgb: videoModality(options.video) }),
      },
      samples,
      splits: pysklSplits(found.lists),
      skipped,
    } satisfies Listing;
  },

  async read(sample, options, signal): Promise<ReadSample> {
    const checked = checkOptions(options);
    const { file } = options;
    const part = sample.part as Part;
    if (part.fault !== undefined) {
      throw new DatasetError(`annotations[${part.index}]: ${part.fault}`, {
        file,
        offset: part.arrays?.[0]?.offset,
      });
    }
    const [keypoint, score] = part.arrays
      ? await readStoredArrays(file, part.size, part.arrays)
      : await readPickledArrays(file, part, signal);
    const [all, frames, joints, coordinates] = part.shape as [number, number, number, number];
    const persons = Math.min(all, checked.persons);
    const points = keypoint!.subarray(0, persons * frames * joints * coordinates);
    const skeleton =
      coordinates === 3
        ? skeletonOf(points, frames, checked)
        : keypointsOf(points, score, { frames, joints, picture: part.picture! }, checked);
    const facts = { frames, bodies: all };
    const { rgb } = sample.files;
    if (rgb === undefined) return { arrays: { skeleton }, facts };
    const box =
      coordinates === 2 ? await boxOf(rgb, points, part.picture!, options.video, signal) : undefined;
    const video = await readVideo(rgb, options.video, { box, signal });
    return { arrays: { skeleton, rgb: video.pixels }, facts: { ...facts, videoFrames: video.frames } };
  },
};

const pysklKeys = optionKeys<PysklOptions>({
  file: true,
  skeleton: true,
  classes: true,
  videos: true,
  video: true,
});
const skeletonKeys = optionKeys<PysklSkeletonOptions>({
  persons: true,
  frames: true,
  fit: true,
  center: true,
  alignView: true,
});

function checkOptions(options: PysklOptions) {
  const { file, classes, skeleton = {} } = options;
  rejectUnknownOptions('pyskl', options, pysklKeys);
  rejectUnknownOptions('skeleton', skeleton, skeletonKeys);
  const {
    persons = 2,
    frames = 64,
    fit = 'resample',
    center: toOrigin = true,
    alignView: align = false,
  } = skeleton;
  checkPath('file', file, 'the path of a pickle such as ntu60_3danno.pkl');
  checkCount('skeleton.persons', persons);
  checkCount('skeleton.frames', frames);
  checkOneOf('skeleton.fit', fit, skeletonFits);
  const isNames = classes === undefined || classes.every((name) => typeof name === 'string');
  checkOption('classes', classes, isNames, 'a list of names');
  checkVideoOptions(options.video);
  checkVideosFolder(options);
  return { persons, frames, fit, toOrigin, align };
}

/** Joints and coordinates of the first valid annotation. */
function layoutOf(annotations: readonly Annotation[], file: string): [joints: number, coordinates: number] {
  const first = annotations.find(({ fault }) => fault === undefined);
  if (!first) {
    throw new DatasetError(
      `got ${annotations.length} annotations that can't be used; expected valid ones. The first: ${annotations[0]!.fault}`,
      { file },
    );
  }
  const [, , joints, coordinates] = first.keypoint!.shape;
  return [joints!, coordinates!];
}

function partOf(
  { keypoint, score, picture, fault }: Annotation,
  index: number,
  bytes: Uint8Array,
  [joints, coordinates]: readonly [number, number],
): Part {
  const arrays = [keypoint, score].flatMap((array) => (array ? [storedArray(array, bytes)] : []));
  const isStored = arrays.every((array) => array !== undefined);
  const shape = keypoint?.shape ?? [];
  const differs =
    fault === undefined && (shape[2] !== joints || shape[3] !== coordinates)
      ? `keypoint: got shape [${shape.join(', ')}]; expected [persons, frames, ${joints}, ${coordinates}], like the first.`
      : undefined;
  const found = fault ?? differs;
  return {
    size: bytes.length,
    index,
    ...(isStored && { arrays }),
    shape,
    ...(picture && { picture }),
    ...(found !== undefined && { fault: found }),
  };
}

/** The names of the classes: NTU's when all names and labels are NTU's. */
function classesOf(
  annotations: readonly Annotation[],
  { classes, file }: PysklOptions,
): { dataset: string; classes: readonly string[] } {
  const valid = annotations.filter(({ fault }) => fault === undefined);
  const maxLabel = valid.reduce((max, { label }) => Math.max(max, label), 0);
  const names = valid.map(({ id, label }) => ({ name: parseSampleName(id), label }));
  const isNtu = names.every(({ name, label }) => name?.action === label + 1 && label < ntu120Classes.length);
  const is60 = isNtu && names.every(({ name, label }) => label < ntu60Classes.length && name!.setup <= 17);
  const dataset = isNtu ? (is60 ? 'ntu60' : 'ntu120') : parse(file).name;
  if (classes) {
    if (classes.length > maxLabel) return { dataset, classes };
    throw new DatasetError(
      `classes: got ${classes.length} names; expected ${maxLabel + 1} or more, since the file has label ${maxLabel}.`,
    );
  }
  if (isNtu) return { dataset, classes: is60 ? ntu60Classes : ntu120Classes };
  return { dataset, classes: Array.from({ length: maxLabel + 1 }, (_, label) => `class ${label}`) };
}

type Checked = ReturnType<typeof checkOptions>;

/** `[persons, frames, 25, 3]` in metres: moved, rotated and fitted to the number of frames. */
function skeletonOf(points: Float32Array, frames: number, options: Checked): Float32Array {
  const { persons, fit, toOrigin, align } = options;
  const stride = jointCount * 3;
  const positions = new Float32Array(persons * frames * stride);
  positions.set(points);
  const present = Uint8Array.from({ length: persons * frames }, (_, row) =>
    positions.subarray(row * stride, (row + 1) * stride).some((value) => value !== 0) ? 1 : 0,
  );
  let clip: BodyClip = { positions, persons, frames, present };
  if (toOrigin) clip = center(clip);
  if (align) clip = alignView(clip);
  return fitFrames(clip, options.frames, fit).positions;
}

/** `[persons, frames, joints, 3]` in picture heights. */
function keypointsOf(
  points: Float32Array,
  score: Float32Array | undefined,
  { frames, joints, picture }: { frames: number; joints: number; picture: [number, number] },
  { persons, frames: count, fit }: Checked,
): Float32Array {
  const [height, width] = picture;
  const values = new Float32Array(persons * frames * joints * 3);
  for (let i = 0; 2 * i < points.length; i++) {
    const [column, row] = [points[2 * i]!, points[2 * i + 1]!];
    const seen = score ? score[i]! : column === 0 && row === 0 ? 0 : 1;
    values.set(inPictureHeights(column, row, seen, { width, height }), 3 * i);
  }
  return fitKeypoints({ values, persons, frames, joints }, count, fit);
}

function boxOf(
  video: string,
  points: Float32Array,
  [height, width]: [number, number],
  options?: VideoOptions,
  signal?: AbortSignal,
) {
  const found: number[] = [];
  for (let i = 0; i < points.length; i += 2) {
    if (points[i] !== 0 || points[i + 1] !== 0) found.push(points[i]!, points[i + 1]!);
  }
  return keypointBox(video, found, { width, height }, options, signal);
}

/** The file that was read last by {@link readPickledArrays}. */
let cached: { key: string; content: Promise<AnnotationFile> } | undefined;

async function readPickledArrays(
  file: string,
  { size, index }: Part,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const key = `${size} ${file}`;
  if (cached?.key !== key) {
    cached = { key, content: readWholeFile(file).then((bytes) => parseAnnotationFile(bytes, file)) };
  }
  const { annotations } = await cached.content;
  signal?.throwIfAborted();
  const { keypoint, score } = annotations[index] ?? {};
  if (!keypoint) {
    throw new DatasetError('got another file than the listed one; expected no change. List it again.', {
      file,
    });
  }
  return [keypoint, ...(score ? [score] : [])].map(float32ValuesOf);
}
