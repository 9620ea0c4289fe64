import { evenlySpaced, ntuBones } from '@amr/internal';
import { DatasetError } from '../datasetError.js';
import { optionKeys, rejectUnknownOptions } from '../options.js';
import type { ArrayDataset } from '../source/fromArrays.js';

/** Options of {@link contactSheet}. */
export interface ContactSheetOptions {
  /** Positions of the samples to draw, one row each. Default: the first of each class. */
  samples?: readonly number[];
  /** Number of frames of each sample. Default 8. */
  frames?: number;
  /** Side of a frame on the sheet in pixels. Default 96. */
  size?: number;
  /** The video modality. Default: the first of shape [frames, height, width, 1 or 3]. */
  video?: string;
  /** The skeleton modality. Default: the first in metres. */
  skeleton?: string;
  /** Bones as pairs of joint numbers. Default: those of the NTU skeleton for 25 joints, otherwise only joints are drawn. */
  bones?: readonly (readonly [number, number])[];
  /**
   * Projects a point in camera coordinates to [column, row] in [0, 1]. Default: the front view, scaled so that the sample's whole
   * motion fills the frame.
   */
  project?: (x: number, y: number, z: number) => readonly [number, number];
}

const sheetKeys = optionKeys<ContactSheetOptions>({
  samples: true,
  frames: true,
  size: true,
  video: true,
  skeleton: true,
  bones: true,
  project: true,
});

/** Pixels between frames. */
const GAP = 2;
const BACKGROUND = [244, 244, 240];
const JOINT = [200, 30, 40];
/** Colors of the bones of the first person, and of all others. */
const BONES = { first: [30, 60, 140], others: [150, 60, 20] };

/**
 * A picture for inspecting a data set: a row for each sample, with its frames over time, and the skeleton of each frame below it.
 * @param dataset samples with a video, a skeleton or both
 * @param options which samples, how many frames, how large
 * @returns the bytes of a PNG file
 * @throws {DatasetError} when an option is not valid, a sample or modality doesn't exist, or there is nothing to draw
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
  rejectUnknownOptions('contactSheet', options, sheetKeys);
  const firsts = dataset.classes.map((_, label) => dataset.labels.indexOf(label)).filter((i) => i !== -1);
  const samples = options.samples ?? firsts;
  const { video, skeleton } = drawnModalities(dataset, options);
  const strips = (video === undefined ? 0 : 1) + (skeleton === undefined ? 0 : 1);
  const width = frames * (size + GAP) + GAP;
  const rowHeight = strips * (size + GAP) + 2 * GAP;
  const height = samples.length * rowHeight + GAP;
  const sheet: Sheet = { data: new Uint8Array(width * height * 3).fill(255), width };
  samples.forEach((sample, row) => {
    let top = row * rowHeight + GAP;
    const cells = (i: number): Cell => ({ sheet, left: GAP + i * (size + GAP), top, size });
    const videoFrames = video === undefined ? undefined : dataset.modalities[video]!.shape[0]!;
    if (video !== undefined) {
      const picture = { values: dataset.values(sample, video), shape: dataset.modalities[video]!.shape };
      evenlySpaced(videoFrames!, frames).forEach((frame, i) => {
        drawFrame(cells(i), picture, frame);
      });
      top += size + GAP;
    }
    if (skeleton !== undefined) {
      const clip = { values: dataset.values(sample, skeleton), shape: dataset.modalities[skeleton]!.shape };
      const skeletonFrames = clip.shape[1]!;
      const bones = options.bones ?? (clip.shape[2] === 25 ? ntuBones : []);
      const project = options.project ?? frontView(clip.values);
      const count = videoFrames ?? skeletonFrames;
      // The skeleton's frame at the time of each video frame: both streams span the same time.
      evenlySpaced(count, frames).forEach((moment, i) => {
        const frame = Math.round((moment * (skeletonFrames - 1)) / Math.max(1, count - 1));
        drawSkeleton(cells(i), clip, frame, bones, project);
      });
    }
  });
  return encode({ width, height, data: sheet.data, channels: 3 });
}

interface Sheet {
  data: Uint8Array;
  width: number;
}

/** The place of a frame on the sheet. */
interface Cell {
  sheet: Sheet;
  left: number;
  top: number;
  size: number;
}

/** Values of one sample. */
interface Clip {
  values: Float32Array;
  shape: readonly number[];
}

type Project = NonNullable<ContactSheetOptions['project']>;

/** Names of the modalities to draw. */
function drawnModalities({ modalities }: ArrayDataset, options: ContactSheetOptions) {
  const find = (option: 'video' | 'skeleton', fits: (name: string) => boolean) => {
    const name = options[option];
    if (name !== undefined && !modalities[name]) {
      throw new DatasetError(
        `${option}: got '${name}'; expected one of ${Object.keys(modalities).join(', ')}.`,
      );
    }
    return name ?? Object.keys(modalities).find(fits);
  };
  const isMetric = (name: string) => modalities[name]!.unit === 'metres';
  const video = find('video', (name) => isVideo(modalities[name]!.shape) && !isMetric(name));
  const skeleton = find('skeleton', isMetric);
  if (video === undefined && skeleton === undefined) {
    throw new DatasetError('dataset: got no video and no skeleton; expected one of them to draw.');
  }
  return { video, skeleton };
}

const isVideo = (shape: readonly number[]) => shape.length === 4 && (shape[3] === 1 || shape[3] === 3);

function drawFrame({ sheet, left, top, size }: Cell, { values, shape }: Clip, frame: number): void {
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
  cell: Cell,
  { values, shape }: Clip,
  frame: number,
  bones: readonly (readonly [number, number])[],
  project: Project,
): void {
  const { sheet, left, top, size } = cell;
  const [persons, frames, joints] = shape as [number, number, number];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) paint(sheet, left + x, top + y, BACKGROUND);
  }
  for (let person = 0; person < persons; person++) {
    const start = (person * frames + frame) * joints * 3;
    const body = values.subarray(start, start + joints * 3);
    if (body.every((value) => value === 0)) continue;
    const points = Array.from({ length: joints }, (_, j) =>
      project(body[j * 3]!, body[j * 3 + 1]!, body[j * 3 + 2]!),
    );
    for (const [a, b] of bones) {
      drawLine(cell, points[a]!, points[b]!, person === 0 ? BONES.first : BONES.others);
    }
    for (const point of points) drawDot(cell, point, JOINT, bones.length > 0 ? 0 : 1);
  }
}

function drawLine(
  cell: Cell,
  from: readonly [number, number],
  to: readonly [number, number],
  color: readonly number[],
): void {
  for (let t = 0; t <= cell.size; t++) {
    const s = t / cell.size;
    drawDot(cell, [from[0] + (to[0] - from[0]) * s, from[1] + (to[1] - from[1]) * s], color, 0);
  }
}

/** A square of `2 * radius + 1` pixels, without the part outside the cell. */
function drawDot(
  { sheet, left, top, size }: Cell,
  [x, y]: readonly [number, number],
  color: readonly number[],
  radius: number,
): void {
  for (let v = -radius; v <= radius; v++) {
    for (let u = -radius; u <= radius; u++) {
      const [column, row] = [Math.round(x * size) + u, Math.round(y * size) + v];
      if (column >= 0 && row >= 0 && column < size && row < size) {
        paint(sheet, left + column, top + row, color);
      }
    }
  }
}

/** The front view, in which the sample's joints fill the frame. */
function frontView(values: Float32Array): Project {
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
