import { parse } from 'node:path';
import { float32ValuesOf } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';
import { checkCount, optionKeys, rejectUnknownOptions } from '../../options.js';
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
import { fitKeypoints } from '../keypoints/fitKeypoints.js';
import { keypointBox } from '../keypoints/keypointBox.js';
import { inPictureHeights, keypointUnit } from '../keypoints/pictureHeights.js';
import { ntu60Classes, ntu120Classes } from '../ntu/classNames.js';
import type { BodyClip } from '../ntu/mainBodies.js';
import { alignView, center, fitFrames, type SkeletonFit } from '../ntu/normalize.js';
import { parseSampleName } from '../ntu/sampleName.js';
import { jointCount } from '../ntu/skeletonFile.js';
import { type Annotation, type AnnotationFile, parseAnnotationFile } from './annotationFile.js';
import { pysklSplits } from './pysklSplits.js';
import { readStoredArrays, type StoredArray, storedArray } from './storedArray.js';

/** How PYSKL's skeletons become arrays of one shape. Plain data. */
export interface PysklSkeletonOptions {
  /** Persons of each sample: the first of those in the file, zeros where there are fewer. Default 2, as PYSKL's FormatGCNInput. */
  persons?: number;
  /** Frames of each skeleton. Default 64. */
  frames?: number;
  /**
   * How a sample comes to have so many: evenly over all of it, with zeros behind its end, or from its beginning again. Default
   * `'resample'`.
   */
  fit?: SkeletonFit;
  /**
   * Of joints in metres: whether all of a sample is moved so that the middle of the first body's spine is at 0 in the first frame,
   * as PYSKL's PreNormalize3D does. Default true.
   */
  center?: boolean;
  /**
   * Of joints in metres: whether all of a sample is turned so that in the first frame the first body's spine lies along z and its
   * shoulders along x, as PYSKL's PreNormalize3D does. Default false.
   */
  alignView?: boolean;
}

/** What {@link pyskl} reads, and how. Plain data. */
export interface PysklOptions {
  /** The pickle: `ntu60_3danno.pkl`, `ntu60_hrnet.pkl`, ... */
  file: string;
  /** How skeletons and key points are prepared. */
  skeleton?: PysklSkeletonOptions;
  /** Names of the classes, by label. Default: NTU's names where names and labels are NTU's, `'class 0'` and so on otherwise. */
  classes?: string[];
  /** A folder of videos named after the samples (`<frame_dir>_rgb.avi` of NTU, or `<frame_dir>.mp4`); samples without are left out. */
  videos?: string;
  /** How videos are read; the box of `crop: 'person'` is known of 2D key points only. */
  video?: VideoOptions;
}

/** What reading a sample needs beside its name. */
interface Part {
  /** Bytes of the pickle. */
  size: number;
  /** Number of the annotation in the file. */
  index: number;
  /** Keypoint and score; absent: they are no part of the file's bytes. */
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
 * The pickle is read by a machine that makes plain values and NumPy's arrays only; nothing of it is executed. `list` reads the
 * file once and notes where in it each sample's arrays are, and `read` reads those bytes alone. (Files of pickle protocol 2,
 * which Python 3 doesn't write by itself, hold no such bytes; of them each thread keeps the whole file.)
 *
 * Modality `skeleton`: of 3D joints `[persons, frames, joints, 3]` in metres; of 2D key points kind `'keypoints'`,
 * `[persons, frames, joints, 3]` of x, y and score, x and y in picture heights from the picture's middle, x to the right and y up.
 * A key point of score 0 is all zero, and without scores all have score 1 unless they are at 0, 0. With `videos`, `rgb` beside it.
 * Samples are named by `frame_dir`; those of NTU have the tags `setup`, `camera`, `subject`, `replication` and `action`. Splits are the
 * file's own lists, `xsub_train` and `xsub_val` as `xsub`. An annotation that makes no sense is a damaged sample.
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
  if (typeof file !== 'string' || file === '') {
    throw new DatasetError('file: the path of a pickle was expected, such as ntu60_3danno.pkl');
  }
  checkCount('skeleton.persons', persons);
  checkCount('skeleton.frames', frames);
  if (!['resample', 'pad', 'loop'].includes(fit)) {
    throw new DatasetError(`skeleton.fit: '${fit}' was given, 'resample', 'pad' or 'loop' was expected`);
  }
  if (classes && !classes.every((name) => typeof name === 'string')) {
    throw new DatasetError('classes: a list of names was expected');
  }
  checkVideoOptions(options.video);
  if (options.video && options.videos === undefined) {
    throw new DatasetError(
      'video: options of videos were given, expected the folder of the videos too, as videos',
    );
  }
  return { persons, frames, fit, toOrigin, align };
}

/** Joints and coordinates of the first annotation that has any. */
function layoutOf(annotations: readonly Annotation[], file: string): [joints: number, coordinates: number] {
  const first = annotations.find(({ fault }) => fault === undefined);
  if (!first) {
    throw new DatasetError(
      `none of its ${annotations.length} annotations can be used; the first: ${annotations[0]!.fault}`,
      {
        file,
      },
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
      ? `keypoint has shape [${shape}], the first one [persons, frames, ${joints}, ${coordinates}]`
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

/** NTU's names of the classes where all names and labels are NTU's. */
function classesOf(
  annotations: readonly Annotation[],
  { classes, file }: PysklOptions,
): { dataset: string; classes: readonly string[] } {
  const sound = annotations.filter(({ fault }) => fault === undefined);
  const most = sound.reduce((greatest, { label }) => Math.max(greatest, label), 0);
  const names = sound.map(({ id, label }) => ({ name: parseSampleName(id), label }));
  const isNtu = names.every(({ name, label }) => name?.action === label + 1 && label < ntu120Classes.length);
  const is60 = isNtu && names.every(({ name, label }) => label < ntu60Classes.length && name!.setup <= 17);
  const dataset = isNtu ? (is60 ? 'ntu60' : 'ntu120') : parse(file).name;
  if (classes) {
    if (classes.length > most) return { dataset, classes };
    throw new DatasetError(`classes: ${classes.length} names were given, the file has label ${most}`);
  }
  if (isNtu) return { dataset, classes: is60 ? ntu60Classes : ntu120Classes };
  return { dataset, classes: Array.from({ length: most + 1 }, (_, label) => `class ${label}`) };
}

type Checked = ReturnType<typeof checkOptions>;

/** `[persons, frames, 25, 3]` in metres: moved, turned and in as many frames as are wanted. */
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

/** The last file whose arrays aren't bytes of it. */
let kept: { key: string; content: Promise<AnnotationFile> } | undefined;

async function readPickledArrays(
  file: string,
  { size, index }: Part,
  signal?: AbortSignal,
): Promise<Float32Array[]> {
  const key = `${size} ${file}`;
  if (kept?.key !== key) {
    kept = { key, content: readWholeFile(file).then((bytes) => parseAnnotationFile(bytes, file)) };
  }
  const { annotations } = await kept.content;
  signal?.throwIfAborted();
  const { keypoint, score } = annotations[index] ?? {};
  if (!keypoint) throw new DatasetError('the file has become another one; list it anew', { file });
  return [keypoint, ...(score ? [score] : [])].map(float32ValuesOf);
}
