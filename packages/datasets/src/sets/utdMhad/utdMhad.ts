import { evenlySpaced } from '@amr/internal';
import { DatasetError } from '../../datasetError.js';
import { checkCount, optionKeys, rejectUnknownOptions } from '../../options.js';
import { type ArrayDataset, fromArrays } from '../../source/fromArrays.js';
import { withFile } from '../../source/withFile.js';

/** Options of {@link utdMhad}. */
export interface UtdMhadOptions {
  /**
   * The subjects: `'train'` (odd numbers) and `'test'` (even numbers) are the cross-subject protocol; `'all'`; or the given subjects.
   * Default `'all'`.
   */
  split?:
    | 'train'
    | 'test'
    | 'all'
    | {
        /** Numbers of the subjects, 1 to 8. */
        subjects: readonly number[];
      };
  /** Side of the depth frames in pixels, a divisor of the stored 64. They are reduced by averaging areas. Default 64. */
  resolution?: number;
  /**
   * Number of frames of both streams, or of each. They are chosen evenly, first and last included, out of the stored 16 depth and 64
   * skeleton frames, so that the streams stay aligned. Default: all.
   */
  frames?:
    | number
    | {
        /** Number of depth frames. */
        depth?: number;
        /** Number of skeleton frames. */
        skeleton?: number;
      };
}

const utdMhadKeys = optionKeys<UtdMhadOptions>({ split: true, resolution: true, frames: true });

const DOWNLOAD_AGAIN = 'Download the file again.';
const indexFile = 'index.json';
const depthFile = 'depth_u8_861x16x64x64.bin.gz';
const skeletonFile = 'skeleton_f32_861x64x20x3.bin.gz';
const joints = 20;

interface Index {
  depth: [number, number, number, number];
  skeleton: [number, number, number, number];
  classes: string[];
  samples: { id: string; label: number; subject: number }[];
}

/**
 * Reads UTD-MHAD (Chen, Jafari & Kehtarnavaz, ICIP 2015: 27 actions, 8 subjects, Kinect depth and skeleton of the same
 * performance) from a compact folder: `index.json` (`depth` and `skeleton`: shapes; `classes`; `samples`: `id`, 0-based `label` and
 * `subject` of each), `depth_u8_861x16x64x64.bin.gz` and `skeleton_f32_861x64x20x3.bin.gz` (little-endian), all in the same order of
 * samples.
 *
 * Modalities: `depth` `[frames, resolution, resolution, 1]`, range [0, 1], 0 for the background and larger values for nearer points;
 * `skeleton` `[1, frames, 20, 3]` in metres, as the sensor gives it: x to the sensor's left, y up, z away from it. Depth frames stay
 * bytes in memory; only the chosen frames are kept.
 *
 * @param folder the compact folder
 * @param options split, resolution, frames; see {@link UtdMhadOptions}
 * @returns the samples of the split, in the stored order
 * @throws {DatasetError} when a file is missing or damaged (`file` names it), or an option is not valid
 */
export async function utdMhad(folder: string, options: UtdMhadOptions = {}): Promise<ArrayDataset> {
  const { resolution = 64, split = 'all' } = options;
  rejectUnknownOptions('utdMhad', options, utdMhadKeys);
  const index = await readIndex(folder);
  const [total, depthFrames, height, width] = index.depth;
  const skeletonFrames = index.skeleton[1];
  const wanted =
    typeof options.frames === 'number' ? { depth: options.frames, skeleton: options.frames } : options.frames;
  const depthTake = frames('depth', wanted?.depth ?? depthFrames, depthFrames);
  const skeletonTake = frames('skeleton', wanted?.skeleton ?? skeletonFrames, skeletonFrames);
  checkCount('resolution', resolution);
  if (height % resolution !== 0 || width !== height) {
    throw new DatasetError(`resolution: got ${resolution}; expected a divisor of the stored ${height}.`);
  }

  const rows = index.samples.flatMap(({ subject }, row) => (isIn(split, subject) ? [row] : []));
  if (rows.length === 0) {
    throw new DatasetError(
      `split: got ${JSON.stringify(split)}, which has no sample; expected at least one.`,
    );
  }
  const depthBytes = await gunzip(folder, depthFile, total * depthFrames * height * width);
  const skeletonBytes = await gunzip(folder, skeletonFile, total * skeletonFrames * joints * 3 * 4);

  const depth = new Uint8Array(rows.length * depthTake.length * resolution * resolution);
  const skeleton = new Float32Array(rows.length * skeletonTake.length * joints * 3);
  const bytes = new DataView(skeletonBytes.buffer, skeletonBytes.byteOffset, skeletonBytes.byteLength);
  const pixels = height * width;
  let nextFrame = 0;
  let nextValue = 0;
  for (const row of rows) {
    for (const frame of depthTake) {
      const from = (row * depthFrames + frame) * pixels;
      areaAverage(
        depthBytes.subarray(from, from + pixels),
        height,
        depth,
        nextFrame++ * resolution ** 2,
        resolution,
      );
    }
    for (const frame of skeletonTake) {
      const from = (row * skeletonFrames + frame) * joints * 3;
      for (let k = 0; k < joints * 3; k++) skeleton[nextValue++] = bytes.getFloat32((from + k) * 4, true);
    }
  }
  return withFile(folder, () =>
    fromArrays({
      modalities: {
        depth: { data: depth, shape: [depthTake.length, resolution, resolution, 1], unit: 'intensity' },
        skeleton: { data: skeleton, shape: [1, skeletonTake.length, joints, 3], unit: 'metres' },
      },
      labels: rows.map((row) => index.samples[row]!.label),
      ids: rows.map((row) => index.samples[row]!.id),
      classes: index.classes,
    }),
  );
}

function isIn(split: NonNullable<UtdMhadOptions['split']>, subject: number): boolean {
  if (split === 'all') return true;
  if (split === 'train') return subject % 2 === 1;
  if (split === 'test') return subject % 2 === 0;
  if (Array.isArray(split?.subjects)) return split.subjects.includes(subject);
  throw new DatasetError(
    `split: got ${JSON.stringify(split)}; expected 'train', 'test', 'all' or { subjects: [...] }.`,
  );
}

function frames(stream: string, wanted: number, stored: number): number[] {
  checkCount(`frames.${stream}`, wanted);
  if (wanted > stored) {
    throw new DatasetError(`frames.${stream}: got ${wanted}; expected at most the stored ${stored}.`);
  }
  return evenlySpaced(stored, wanted);
}

/** Reduces the square picture `from` by averaging areas, and writes it into `to` at `offset`. */
function areaAverage(from: Uint8Array, side: number, to: Uint8Array, offset: number, smaller: number): void {
  const area = side / smaller;
  for (let y = 0; y < smaller; y++) {
    for (let x = 0; x < smaller; x++) {
      let sum = 0;
      for (let v = 0; v < area; v++) {
        for (let u = 0; u < area; u++) sum += from[(y * area + v) * side + x * area + u]!;
      }
      to[offset + y * smaller + x] = Math.round(sum / area ** 2);
    }
  }
}

async function readIndex(folder: string): Promise<Index> {
  const file = `${folder}/${indexFile}`;
  const text = new TextDecoder().decode(await read(folder, indexFile));
  let index: Index;
  try {
    index = JSON.parse(text);
  } catch (cause) {
    throw new DatasetError(
      `got a syntax error: ${(cause as Error).message}; expected JSON. ${DOWNLOAD_AGAIN}`,
      {
        file,
        cause,
      },
    );
  }
  const shape = (value: unknown, rank: number) =>
    Array.isArray(value) &&
    value.length === rank &&
    value.every((axis) => Number.isInteger(axis) && axis > 0);
  const invalid = (expected: string) =>
    new DatasetError(`got another content; expected ${expected}. ${DOWNLOAD_AGAIN}`, { file });
  if (!shape(index?.depth, 4)) throw invalid('"depth": [samples, frames, height, width]');
  if (!shape(index.skeleton, 4) || index.skeleton[2] !== joints || index.skeleton[3] !== 3) {
    throw invalid(`"skeleton": [samples, frames, ${joints}, 3]`);
  }
  if (!Array.isArray(index.classes) || !index.classes.every((name) => typeof name === 'string')) {
    throw invalid('"classes": [names]');
  }
  const samples: unknown = index.samples;
  if (!Array.isArray(samples) || samples.length !== index.depth[0] || samples.length !== index.skeleton[0]) {
    throw invalid(
      `"samples": as many as "depth" (${index.depth[0]}) and "skeleton" (${index.skeleton[0]}) say`,
    );
  }
  for (const [i, sample] of samples.entries()) {
    if (
      typeof sample?.id !== 'string' ||
      !Number.isInteger(sample.subject) ||
      !Number.isInteger(sample.label) ||
      sample.label < 0 ||
      sample.label >= index.classes.length
    ) {
      throw invalid(`sample ${i} to have an id, a subject and a label from 0 to ${index.classes.length - 1}`);
    }
  }
  return index;
}

/** The unpacked file, which must have exactly `size` bytes. */
async function gunzip(folder: string, name: string, size: number): Promise<Uint8Array> {
  const { gunzipSync } = await import('node:zlib');
  const file = `${folder}/${name}`;
  const packed = await read(folder, name);
  let bytes: Uint8Array;
  try {
    bytes = gunzipSync(packed);
  } catch (cause) {
    throw new DatasetError(
      `got an error: ${(cause as Error).message}; expected a complete gzip file. ${DOWNLOAD_AGAIN}`,
      { file, cause },
    );
  }
  if (bytes.length !== size) {
    throw new DatasetError(`got ${bytes.length} bytes unpacked; expected ${size}, as in ${indexFile}.`, {
      file,
    });
  }
  return bytes;
}

async function read(folder: string, name: string): Promise<Uint8Array> {
  const { readFile } = await import('node:fs/promises');
  const file = `${folder}/${name}`;
  try {
    return await readFile(file);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const got = code === 'ENOENT' ? 'no such file' : `an error: ${message}`;
    throw new DatasetError(`got ${got}; expected a file of a compact UTD-MHAD folder.`, { file, cause });
  }
}
