import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { matRowByRow } from '@amr/formats';
import { DatasetError } from '../../datasetError.js';
import { checkCount, optionKeys, rejectUnknownOptions } from '../../options.js';
import { readWholeFile } from '../../source/readWholeFile.js';
import type {
  ListedSample,
  Listing,
  ReadSample,
  SkippedSample,
  SourceFormat,
  StoredModality,
} from '../../source/sourceFormat.js';
import { readZipEntry } from '../../source/zipEntries.js';
import { type PersonBox, personBox } from '../../video/personBox.js';
import { probeVideo } from '../../video/probeVideo.js';
import { type ReadVideo, readVideo } from '../../video/readVideo.js';
import { checkVideoOptions, type VideoOptions, videoModality } from '../../video/videoOptions.js';
import { resampleLinear } from '../resample.js';
import { utdMhadClasses } from './classNames.js';
import { checkDepthOptions, type DepthClipOptions, depthClip } from './depthClip.js';
import { matVariable } from './matVariable.js';
import { nameOf, type UtdMhadFile, type UtdMhadModality, utdMhadFiles } from './utdMhadFiles.js';

/** What {@link utdMhadFormat} reads, and how. Plain data. */
export interface UtdMhadFormatOptions {
  /**
   * The folder of the download: `Depth.zip`, `Skeleton.zip`, `Inertial.zip` and `RGB-part1.zip` to `RGB-part4.zip` as they are, or
   * the folders that were unpacked from them, or some of both.
   */
  root: string;
  /** Which of `'depth'`, `'skeleton'`, `'inertial'` and `'rgb'`; a performance without one of them is left out. Default: all there are. */
  modalities?: readonly UtdMhadModality[];
  /** How skeletons are prepared. */
  skeleton?: {
    /** How many frames they are resampled to, linearly. Default 64. */
    frames?: number;
  };
  /** How inertial series are prepared. */
  inertial?: {
    /** How many moments they are resampled to, linearly. Default 128. */
    frames?: number;
  };
  /** How depth maps become small pictures; the defaults are those of the compact data set. */
  depth?: DepthClipOptions;
  /** How videos are read. */
  video?: VideoOptions;
}

/** A sample's files as `read` needs them. */
interface Part {
  files: { [modality in UtdMhadModality]?: UtdMhadFile };
  /** The skeletons' file where only the person's box goes by it. */
  joints?: UtdMhadFile;
}

const modalityNames: readonly UtdMhadModality[] = ['depth', 'skeleton', 'inertial', 'rgb'];
const jointCount = 20;
/** Bytes of the largest file that is read, and of what is unpacked from it: a minute of depth maps. */
const mostBytes = 2 ** 28;

/**
 * UTD-MHAD (Chen, Jafari & Kehtarnavaz, "UTD-MHAD: A Multimodal Dataset for Human Action Recognition Utilizing a Depth Camera and a
 * Wearable Inertial Sensor", ICIP 2015) as it is downloaded: 861 performances of 27 actions by 8 subjects, MAT-files and AVI videos
 * in zip archives, which need not be unpacked.
 *
 * Modalities: `depth` bytes `[16, 64, 64, 1]`, the body cut out and shaded by its distance; `skeleton` `[1, 64, 20, 3]` in metres as
 * the sensor has them (x to its left, y up, z away from it), neither centred nor turned; `inertial` `[128, 6]`, accelerations of three
 * axes in g, then angular rates in degrees per second; `rgb` bytes `[32, 128, 128, 3]`. Other sizes by options. With
 * `crop: 'person'`, videos are cut by the joints, projected as by the Kinect's nominal colour camera, some pixels from where they are
 * seen: leave it a margin. Split `xsub` is the paper's, odd subjects train; tags action, subject and trial; facts frames of the
 * skeletons' file (`frames`), of depth, inertial and rgb, and for depth its median in millimetres and the square that was cut out.
 */
export const utdMhadFormat: SourceFormat<UtdMhadFormatOptions> = {
  name: 'utd-mhad',

  async list(options, signal): Promise<Listing> {
    const { frames, inertialFrames, depth } = checkOptions(options);
    const trials = await utdMhadFiles(options.root, signal);
    const present = modalityNames.filter((name) => trials.some(({ files }) => files[name]));
    const wanted = modalityNames.filter((name) => (options.modalities ?? present).includes(name));
    const samples: ListedSample[] = [];
    const skipped: SkippedSample[] = [];
    for (const { id, tags, files } of trials) {
      const missing = wanted.filter((name) => !files[name]);
      if (tags.action < 1 || tags.action > utdMhadClasses.length) {
        skipped.push({ id, reason: `actions 1 to ${utdMhadClasses.length} are known` });
      } else if (missing.length > 0) {
        skipped.push({ id, reason: `it has no ${missing.join(' and no ')}` });
      } else {
        const chosen = Object.fromEntries(wanted.map((name) => [name, files[name]!]));
        const joints = wanted.includes('rgb') && !wanted.includes('skeleton') ? files.skeleton : undefined;
        samples.push({
          id,
          label: tags.action - 1,
          tags: { ...tags },
          files: Object.fromEntries(wanted.map((name) => [name, files[name]!.file])),
          part: { files: chosen, ...(joints && { joints }) } satisfies Part,
        });
      }
    }
    if (samples.length === 0) {
      throw new DatasetError(
        `no performance ${trials.length > 0 ? `has ${wanted.join(', ')}` : 'was found'}; expected files such as a1_s1_t1_depth.mat, or Depth.zip, Skeleton.zip, ...`,
        { file: options.root },
      );
    }
    const all: { [name in UtdMhadModality]: StoredModality } = {
      depth: {
        dtype: 'uint8',
        shape: [depth.frames, depth.size, depth.size, 1],
        kind: 'video',
        unit: 'intensity',
      },
      skeleton: { dtype: 'float32', shape: [1, frames, jointCount, 3], kind: 'skeleton', unit: 'metres' },
      inertial: {
        dtype: 'float32',
        shape: [inertialFrames, 6],
        kind: 'series',
        unit: 'g and degrees/s',
      },
      rgb: videoModality(options.video),
    };
    return {
      dataset: 'utd-mhad',
      classes: utdMhadClasses,
      modalities: Object.fromEntries(wanted.map((name) => [name, all[name]])),
      samples,
      splits: { xsub: { by: 'subject', train: [1, 3, 5, 7] } },
      skipped,
    };
  },

  async read(sample, options, signal): Promise<ReadSample> {
    const { frames, inertialFrames } = checkOptions(options);
    const { files, joints } = sample.part as Part;
    const arrays: ReadSample['arrays'] = {};
    const facts: NonNullable<ReadSample['facts']> = {};
    if (files.depth) {
      const file = nameOf(files.depth);
      const sizes = [undefined, undefined, undefined];
      const maps = matVariable(await bytesOf(files.depth, signal), 'd_depth', sizes, mostBytes, file);
      const [height, width, total] = maps.dimensions as [number, number, number];
      const clip = depthClip(
        { values: maps.values, height, width, frames: total },
        options.depth ?? {},
        file,
      );
      const { top, left, side } = clip.crop;
      arrays.depth = clip.pixels;
      Object.assign(facts, { depthFrames: total, depthMedian: clip.median });
      Object.assign(facts, { depthTop: top, depthLeft: left, depthSide: side });
    }
    const skeletons = files.skeleton ?? joints;
    const clip = skeletons && (await readJoints(skeletons, signal));
    if (files.skeleton) {
      arrays.skeleton = resampleLinear(clip!.values, clip!.frames, frames, jointCount * 3, 'middles');
      facts.frames = clip!.frames;
    }
    if (files.inertial) {
      const file = nameOf(files.inertial);
      const series = matVariable(
        await bytesOf(files.inertial, signal),
        'd_iner',
        [undefined, 6],
        mostBytes,
        file,
      );
      const values = finite(matRowByRow(series).values as ArrayLike<number>, file);
      facts.inertialFrames = series.dimensions[0]!;
      arrays.inertial = resampleLinear(values, facts.inertialFrames, inertialFrames, 6, 'middles');
    }
    if (files.rgb) {
      const video = await readRgb(files.rgb, clip?.values, options.video, signal);
      arrays.rgb = video.pixels;
      facts.videoFrames = video.frames;
    }
    return { arrays, facts };
  },
};

const utdMhadKeys = optionKeys<UtdMhadFormatOptions>({
  root: true,
  modalities: true,
  skeleton: true,
  inertial: true,
  depth: true,
  video: true,
});

function checkOptions(options: UtdMhadFormatOptions) {
  const { root, modalities, skeleton = {}, inertial = {} } = options;
  rejectUnknownOptions('utd-mhad', options, utdMhadKeys);
  rejectUnknownOptions('skeleton', skeleton, ['frames']);
  rejectUnknownOptions('inertial', inertial, ['frames']);
  const { frames = 64 } = skeleton;
  const { frames: inertialFrames = 128 } = inertial;
  if (typeof root !== 'string' || root === '') {
    throw new DatasetError('root: the folder of the download was expected');
  }
  const unknown = modalities?.find((name) => !modalityNames.includes(name));
  if (unknown !== undefined || modalities?.length === 0) {
    throw new DatasetError(
      `modalities: ${JSON.stringify(modalities)} was given, some of ${modalityNames.join(', ')} were expected`,
    );
  }
  checkCount('skeleton.frames', frames);
  checkCount('inertial.frames', inertialFrames);
  checkVideoOptions(options.video);
  return { frames, inertialFrames, depth: checkDepthOptions(options.depth) };
}

async function bytesOf(found: UtdMhadFile, signal?: AbortSignal): Promise<Uint8Array> {
  signal?.throwIfAborted();
  const { file, entry } = found;
  if (entry !== undefined) return await readZipEntry(file, entry, mostBytes, signal);
  return await readWholeFile(file, signal, mostBytes);
}

/** Joints `[frames, 20, 3]` in metres. */
async function readJoints(found: UtdMhadFile, signal?: AbortSignal) {
  const file = nameOf(found);
  const sizes = [jointCount, 3, undefined];
  const { values: stored, dimensions } = matVariable(
    await bytesOf(found, signal),
    'd_skel',
    sizes,
    mostBytes,
    file,
  );
  const frames = dimensions[2]!;
  const from = finite(stored as ArrayLike<number>, file);
  const values = new Float64Array(from.length);
  for (let frame = 0, next = 0; frame < frames; frame++) {
    for (let joint = 0; joint < jointCount; joint++) {
      for (let axis = 0; axis < 3; axis++) {
        values[next++] = from[joint + jointCount * (axis + 3 * frame)]!;
      }
    }
  }
  return { values, frames };
}

function finite(values: ArrayLike<number>, file: string): ArrayLike<number> {
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]!) < 1e6)) {
      throw new DatasetError(`value ${i} is ${values[i]}, which is no measurement`, { file });
    }
  }
  return values;
}

async function readRgb(
  found: UtdMhadFile,
  joints: ArrayLike<number> | undefined,
  options?: VideoOptions,
  signal?: AbortSignal,
): Promise<ReadVideo> {
  if (found.entry === undefined) return await readCropped(found.file, joints, options, signal);
  // ffmpeg reads files only.
  const folder = await mkdtemp(join(tmpdir(), 'utd-mhad-'));
  const file = join(folder, basename(found.entry));
  try {
    await writeFile(file, await bytesOf(found, signal));
    return await readCropped(file, joints, options, signal);
  } catch (cause) {
    // The temporary file's name would tell nobody anything.
    if (!(cause instanceof DatasetError) || cause.file !== file) throw cause;
    throw new DatasetError(cause.reason, { file: nameOf(found), cause });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readCropped(
  file: string,
  joints: ArrayLike<number> | undefined,
  options?: VideoOptions,
  signal?: AbortSignal,
): Promise<ReadVideo> {
  const { crop, margin, ffmpeg, timeLimit } = checkVideoOptions(options);
  let box: PersonBox | undefined;
  if (crop === 'person' && joints) {
    const { width, height } = await probeVideo(file, { ffmpeg, timeLimit, signal });
    box = personBox(projected(joints, width, height), { width, height, margin });
  }
  return await readVideo(file, options, { box, signal });
}

/** Focal length of the Kinect's colour camera, in widths of its picture: 525 pixels of 640 (OpenNI's nominal value). */
const focal = 525 / 640;

/** Columns and rows of joints in a picture, as if the colour camera were where the depth camera is. */
function projected(joints: ArrayLike<number>, width: number, height: number): number[] {
  const pixels: number[] = [];
  for (let i = 0; i < joints.length; i += 3) {
    const scale = (focal * width) / joints[i + 2]!;
    pixels.push(width / 2 + joints[i]! * scale, height / 2 - joints[i + 1]! * scale);
  }
  return pixels;
}
