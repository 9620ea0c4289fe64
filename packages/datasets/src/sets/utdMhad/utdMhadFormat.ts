import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { matRowByRow } from '@amr/formats';
import { formatValue } from '@amr/internal';
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
import { checkPath } from '../formatChecks.js';
import { resampleLinear } from '../resample.js';
import { utdMhadClasses } from './classNames.js';
import { checkDepthOptions, type DepthClipOptions, depthClip } from './depthClip.js';
import { matVariable } from './matVariable.js';
import { nameOf, type UtdMhadFile, type UtdMhadModality, utdMhadFiles } from './utdMhadFiles.js';

/** Options of {@link utdMhadFormat}. Plain data. */
export interface UtdMhadFormatOptions {
  /**
   * The folder of the download: the archives `Depth.zip`, `Skeleton.zip`, `Inertial.zip` and `RGB-part1.zip` to `RGB-part4.zip`, or
   * the folders that were unpacked from them, or some of both.
   */
  root: string;
  /** Some of `'depth'`, `'skeleton'`, `'inertial'`, `'rgb'`. A performance without one of them is skipped. Default: all that exist. */
  modalities?: readonly UtdMhadModality[];
  /** How skeletons are prepared. */
  skeleton?: {
    /** Number of frames, by linear interpolation. Default 64. */
    frames?: number;
  };
  /** How inertial series are prepared. */
  inertial?: {
    /** Number of moments, by linear interpolation. Default 128. */
    frames?: number;
  };
  /** How depth maps become small pictures. The defaults are those of the compact data set. */
  depth?: DepthClipOptions;
  /** How videos are read. */
  video?: VideoOptions;
}

/** The files that reading a sample needs. */
interface Part {
  files: { [modality in UtdMhadModality]?: UtdMhadFile };
  /** The skeletons' file when only the person's box depends on it. */
  joints?: UtdMhadFile;
}

const modalityNames: readonly UtdMhadModality[] = ['depth', 'skeleton', 'inertial', 'rgb'];
const jointCount = 20;
/** Limit of a file's bytes, packed and unpacked: those of a minute of depth maps. */
const MAX_BYTES = 2 ** 28;

/**
 * UTD-MHAD (Chen, Jafari & Kehtarnavaz, "UTD-MHAD: A Multimodal Dataset for Human Action Recognition Utilizing a Depth Camera and a
 * Wearable Inertial Sensor", ICIP 2015) as it is downloaded: 861 performances of 27 actions by 8 subjects, MAT-files and AVI videos
 * in zip archives, which need not be unpacked.
 *
 * Modalities: `depth` bytes `[16, 64, 64, 1]`, the body cut out and shaded by its distance; `skeleton` `[1, 64, 20, 3]` in metres as
 * the sensor has them (x to its left, y up, z away from it), neither centred nor rotated; `inertial` `[128, 6]`, accelerations of three
 * axes in g, then angular rates in degrees per second; `rgb` bytes `[32, 128, 128, 3]`. Options change the sizes. With
 * `crop: 'person'`, videos are cut around the joints, which are projected with the nominal parameters of the Kinect's colour camera
 * and are some pixels away from the seen joints: keep a margin. Split `xsub` is the paper's, odd subjects train; tags action, subject
 * and trial; facts frames of the skeletons' file (`frames`), of depth, inertial and rgb, and for depth its median in millimetres and
 * the square that was cut out.
 */
export const utdMhadFormat: SourceFormat<UtdMhadFormatOptions> = {
  name: 'utd-mhad',

  async list(options, signal): Promise<Listing> {
    const { frames, inertialFrames, depth } = checkOptions(options);
    const trials = await utdMhadFiles(options.root, signal);
    const available = modalityNames.filter((name) => trials.some(({ files }) => files[name]));
    const wanted = modalityNames.filter((name) => (options.modalities ?? available).includes(name));
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
        `got no performance${trials.length > 0 ? ` with ${wanted.join(', ')}` : ''}; expected files such as a1_s1_t1_depth.mat, or Depth.zip, Skeleton.zip, ...`,
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
      const maps = matVariable(await bytesOf(files.depth, signal), 'd_depth', sizes, MAX_BYTES, file);
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
        MAX_BYTES,
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
  checkPath('root', root, 'the path of the folder of the download');
  const unknown = modalities?.find((name) => !modalityNames.includes(name));
  if (unknown !== undefined || modalities?.length === 0) {
    throw new DatasetError(
      `modalities: got ${formatValue(modalities)}; expected some of ${modalityNames.join(', ')}.`,
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
  if (entry !== undefined) return await readZipEntry(file, entry, MAX_BYTES, signal);
  return await readWholeFile(file, signal, MAX_BYTES);
}

/** Joints `[frames, 20, 3]` in metres. */
async function readJoints(found: UtdMhadFile, signal?: AbortSignal) {
  const file = nameOf(found);
  const sizes = [jointCount, 3, undefined];
  const { values: stored, dimensions } = matVariable(
    await bytesOf(found, signal),
    'd_skel',
    sizes,
    MAX_BYTES,
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
      throw new DatasetError(`value ${i}: got ${values[i]}; expected a number below 1e6 in size.`, { file });
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
    // Errors name the archive and its entry, since the temporary file's name says nothing.
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

/** Focal length of the Kinect's colour camera, in widths of its picture: 525 of 640 pixels (OpenNI's nominal value). */
const focalLength = 525 / 640;

/** Columns and rows of joints in a picture, as if the colour camera were at the depth camera's position. */
function projected(joints: ArrayLike<number>, width: number, height: number): number[] {
  const pixels: number[] = [];
  for (let i = 0; i < joints.length; i += 3) {
    const scale = (focalLength * width) / joints[i + 2]!;
    pixels.push(width / 2 + joints[i]! * scale, height / 2 - joints[i + 1]! * scale);
  }
  return pixels;
}
