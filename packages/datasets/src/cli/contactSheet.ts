import { evenlySpaced, ntuBones } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import type { ArrayDataset } from '../source/fromArrays.js';

/** How {@link contactSheet} lays out its rows. */
export interface ContactSheetOptions {
  /** Positions of the samples to show, one row each; default the first of each class. */
  samples?: readonly number[];
  /** Frames of each sample, default 8. */
  frames?: number;
  /** Side of a frame on the sheet in pixels, default 96. */
  size?: number;
  /** The video modality, default the first of shape [frames, height, width, 1 or 3]. */
  video?: string;
  /** The skeleton modality, default the first in metres. */
  skeleton?: string;
  /** Bones as pairs of joint numbers; default the NTU skeleton's for 25 joints, otherwise none: joints alone are drawn. */
  bones?: readonly (readonly [number, number])[];
  /**
   * Where a point in camera coordinates is seen, as [column, row] in [0, 1]. Default: seen from the front, enlarged so that
   * the sample's whole motion fills the frame.
   */
  project?: (x: number, y: number, z: number) => readonly [number, number];
}

/**
 * A picture to judge a data set by: a row for each sample, its frames over time, the skeleton of each frame below it.
 * @param dataset samples with a video, a skeleton or both
 * @param options which samples, how many frames, how large
 * @returns the bytes of a PNG file
 * @throws {DatasetError} when a sample or modality isn't there, or there is nothing to draw
 * @example
 * import { actionClips, contactSheet } from '@amr/datasets';
 *
 * const clips = await actionClips({ samplesPerClass: 1, classes: 2, resolution: 16 });
 * const png = await contactSheet(clips, { frames: 4, size: 32 });
 * console.log(png.length);
 */
export async function contactSheet(
  dataset: ArrayDataset,
  options: ContactSheetOptions = {},
): Promise<Uint8Array> {
  const { encode } = await import('fast-png');
  const { frames = 8, size = 96 } = options;
  const firsts = dataset.classes.map((_, label) => dataset.labels.indexOf(label)).filter((i) => i !== -1);
  const samples = options.samples ?? firsts;
  const { modalities } = dataset;
  const named = (name: string | undefined, fits: (name: string) => boolean) => {
    if (name !== undefined && !modalities[name]) throw new DatasetError(`there is no modality '${name}'`);
    return name ?? Object.keys(modalities).find(fits);
  };
  const video = named(
    options.video,
    (name) => isVideo(modalities[name]!.shape) && modalities[name]!.unit !== 'metres',
  );
  const skeleton = named(options.skeleton, (name) => modalities[name]!.unit === 'metres');
  if (video === undefined && skeleton === undefined)
    throw new DatasetError('there is no video and no skeleton to draw');

  const strips = (video === undefined ? 0 : 1) + (skeleton === undefined ? 0 : 1);
  const gap = 2;
  const width = frames * (size + gap) + gap;
  const rowHeight = strips * (size + gap) + 2 * gap;
  const height = samples.length * rowHeight + gap;
  const sheet: Sheet = { data: new Uint8Array(width * height * 3).fill(255), width };
  samples.forEach((sample, row) => {
    let top = row * rowHeight + gap;
    if (video !== undefined) {
      const { shape } = modalities[video]!;
      const values = dataset.values(sample, video);
      evenlySpaced(shape[0]!, frames).forEach((frame, i) => {
        drawFrame(sheet, values, shape, frame, gap + i * (size + gap), top, size);
      });
      top += size + gap;
    }
    if (skeleton !== undefined) {
      const { shape } = modalities[skeleton]!;
      const values = dataset.values(sample, skeleton);
      const bones = options.bones ?? (shape[2] === 25 ? ntuBones : []);
      const project = options.project ?? fitted(values);
      const taken = video === undefined ? shape[1]! : modalities[video]!.shape[0]!;
      // The skeleton frame of each video frame's moment, both streams covering the same time.
      evenlySpaced(taken, frames).forEach((moment, i) => {
        const frame = Math.round((moment * (shape[1]! - 1)) / Math.max(1, taken - 1));
        drawSkeleton(sheet, values, shape, frame, bones, project, gap + i * (size + gap), top, size);
      });
    }
  });
  return encode({ width, height, data: sheet.data, channels: 3 });
}

interface Sheet {
  data: Uint8Array;
  width: number;
}

const isVideo = (shape: readonly number[]) => shape.length === 4 && (shape[3] === 1 || shape[3] === 3);

function drawFrame(
  sheet: Sheet,
  values: Float32Array,
  shape: readonly number[],
  frame: number,
  left: number,
  top: number,
  size: number,
): void {
  const [, height, width, channels] = shape as [number, number, number, number];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const row = Math.floor((y * height) / size);
      const column = Math.floor((x * width) / size);
      const from = ((frame * height + row) * width + column) * channels;
      const color = [0, 1, 2].map((c) => Math.round(255 * values[from + (channels === 1 ? 0 : c)]!));
      paint(sheet, left + x, top + y, color);
    }
  }
}

function drawSkeleton(
  sheet: Sheet,
  values: Float32Array,
  shape: readonly number[],
  frame: number,
  bones: readonly (readonly [number, number])[],
  project: NonNullable<ContactSheetOptions['project']>,
  left: number,
  top: number,
  size: number,
): void {
  const [persons, frames, joints] = shape as [number, number, number];
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) paint(sheet, left + x, top + y, [244, 244, 240]);
  const dab = (x: number, y: number, color: number[], thick: number) => {
    for (let v = -thick; v <= thick; v++) {
      for (let u = -thick; u <= thick; u++) {
        const [column, row] = [Math.round(x * size) + u, Math.round(y * size) + v];
        if (column >= 0 && row >= 0 && column < size && row < size)
          paint(sheet, left + column, top + row, color);
      }
    }
  };
  for (let person = 0; person < persons; person++) {
    const start = (person * frames + frame) * joints * 3;
    const body = values.subarray(start, start + joints * 3);
    if (body.every((value) => value === 0)) continue;
    const places = Array.from({ length: joints }, (_, j) =>
      project(body[j * 3]!, body[j * 3 + 1]!, body[j * 3 + 2]!),
    );
    for (const [a, b] of bones) {
      const [from, to] = [places[a]!, places[b]!];
      for (let t = 0; t <= size; t++) {
        const s = t / size;
        dab(
          from[0] + (to[0] - from[0]) * s,
          from[1] + (to[1] - from[1]) * s,
          person === 0 ? [30, 60, 140] : [150, 60, 20],
          0,
        );
      }
    }
    for (const [x, y] of places) dab(x, y, [200, 30, 40], bones.length > 0 ? 0 : 1);
  }
}

/** The front view that the sample's joints just fill. */
function fitted(values: Float32Array): NonNullable<ContactSheetOptions['project']> {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 3) {
    const [x, y, z] = values.subarray(i, i + 3) as unknown as [number, number, number];
    if (x === 0 && y === 0 && z === 0) continue;
    [left, right, low, high] = [Math.min(left, x), Math.max(right, x), Math.min(low, y), Math.max(high, y)];
  }
  const span = 1.1 * Math.max(right - left, high - low, 1e-6);
  return (x, y) => [0.5 + (x - (left + right) / 2) / span, 0.5 - (y - (low + high) / 2) / span];
}

function paint({ data, width }: Sheet, x: number, y: number, color: readonly number[]): void {
  const at = (y * width + x) * 3;
  for (let c = 0; c < 3; c++) data[at + c] = color[c]!;
}
