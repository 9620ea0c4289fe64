import type { NumericValues } from '@amr/formats';
import { evenlySpaced } from '@amr/internal';
import { DatasetError } from '../../datasetError.js';
import { checkCount, checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';

/** Options of making small pictures from depth maps. The defaults are those of the compact data set. Plain data. */
export interface DepthClipOptions {
  /** Number of frames, chosen evenly, first and last included. Default 16. */
  frames?: number;
  /** Side of the square pictures in pixels; each pixel is a mean over an area. Default 64. */
  size?: number;
  /** Margin as a fraction of the larger of the body's width and height, in addition to two pixels. Default 0.1. */
  margin?: number;
  /** Millimetres from the darkest to the brightest depth, with the body's median in the middle. Default 2000. */
  range?: number;
}

/** A clip of depth maps of one body; 0 is the background. */
interface DepthMaps {
  /** Millimetres `[frames, width, height]`: pictures are stored column by column, as MATLAB stores `height x width x frames`. */
  values: NumericValues;
  /** Rows of a picture. */
  height: number;
  /** Columns of a picture. */
  width: number;
  /** Number of pictures. */
  frames: number;
}

/** Small pictures of a clip, and how they were cut and shaded. */
interface DepthClip {
  /** Intensities `[frames, size, size]`: 0 for the background, 5 to 255 for the body; nearer points are brighter. */
  pixels: Uint8Array;
  /** The square that was cut out. The part outside the picture is background. */
  crop: { top: number; left: number; side: number };
  /** Median of the body's depths in the chosen frames, in millimetres. */
  median: number;
}

/** Smallest intensity of the body, which distinguishes it from the background at any distance. */
const MIN_INTENSITY = 0.02;
/** Limit of a picture's width and height. */
const MAX_SIDE = 4096;
const depthKeys = optionKeys<DepthClipOptions>({ frames: true, size: true, margin: true, range: true });

/**
 * Fills in the defaults.
 * @throws {DatasetError} when an option is not valid
 */
export function checkDepthOptions(options: DepthClipOptions = {}): Required<DepthClipOptions> {
  rejectUnknownOptions('depth', options, depthKeys);
  const { frames = 16, size = 64, margin = 0.1, range = 2000 } = options;
  checkCount('depth.frames', frames);
  checkCount('depth.size', size);
  if (frames * size * size > 2 ** 30) {
    throw new DatasetError(
      `depth: got ${frames} frames of size ${size}; expected at most ${2 ** 30} bytes in all. Reduce frames or size.`,
    );
  }
  checkOption('depth.margin', margin, margin >= 0 && margin <= 10, 'a number from 0 to 10');
  const isRange = range > 0 && range <= 65535;
  checkOption('depth.range', range, isRange, 'a number of millimetres above 0, at most 65535');
  return { frames, size, margin, range };
}

/**
 * Small pictures of a body. One square is cut out for the whole clip, which contains the body in all frames. Depths become
 * intensities, `255 * clip(1/2 + (median - z) / range, 0.02, 1)`. Each small pixel is the mean over its area, in which the background
 * counts as 0; an area consists of all pixels that the small pixel touches, each with full weight.
 * @param file the file that errors name
 * @throws {DatasetError} when there is no body, or values are not depths of 16 bits
 */
export function depthClip(maps: DepthMaps, options: DepthClipOptions, file?: string): DepthClip {
  const { frames, size, margin, range } = checkDepthOptions(options);
  const { height, width, values } = maps;
  if (Math.max(height, width) > MAX_SIDE) {
    throw new DatasetError(
      `got pictures of ${width} x ${height}; expected at most ${MAX_SIDE} pixels in width and height.`,
      { file },
    );
  }
  const taken = evenlySpaced(maps.frames, frames);
  const crop = bodySquare(maps, margin, file);
  const median = bodyMedian(maps, taken, file);
  const { top, left, side } = crop;
  const bins = Array.from({ length: size }, (_, i) => [
    Math.floor((i * side) / size),
    Math.ceil(((i + 1) * side) / size),
  ]) as [number, number][];
  const pixels = new Uint8Array(frames * size * size);
  // Sums over rows, for each row of the small picture and each column of the square.
  const sums = new Float64Array(size * side);
  for (const [i, frame] of taken.entries()) {
    sums.fill(0);
    for (let x = 0; x < side; x++) {
      if (left + x < 0 || left + x >= width) continue;
      const column = (frame * width + left + x) * height;
      for (let row = 0; row < size; row++) {
        const [from, to] = bins[row]!;
        let sum = 0;
        for (let y = Math.max(0, top + from); y < Math.min(height, top + to); y++) {
          const z = values[column + y] as number;
          if (z > 0) sum += Math.min(1, Math.max(MIN_INTENSITY, 0.5 + (median - z) / range));
        }
        sums[row * side + x] = sum;
      }
    }
    for (let row = 0; row < size; row++) {
      const rows = bins[row]![1] - bins[row]![0];
      for (let column = 0; column < size; column++) {
        const [from, to] = bins[column]!;
        let sum = 0;
        for (let x = from; x < to; x++) sum += sums[row * side + x]!;
        pixels[(i * size + row) * size + column] = Math.round((255 * sum) / (rows * (to - from)));
      }
    }
  }
  return { pixels, crop, median };
}

/** The square around the body in all frames. */
function bodySquare({ values, height, width, frames }: DepthMaps, margin: number, file?: string) {
  let [top, bottom, left, right] = [height, -1, width, -1];
  for (let column = 0; column < frames * width; column++) {
    const from = column * height;
    let first = 0;
    while (first < height && !((values[from + first] as number) > 0)) first++;
    if (first === height) continue;
    let last = height - 1;
    while (!((values[from + last] as number) > 0)) last--;
    const x = column % width;
    top = Math.min(top, first);
    bottom = Math.max(bottom, last);
    left = Math.min(left, x);
    right = Math.max(right, x);
  }
  if (bottom < 0) throw new DatasetError('got only zeros; expected depths of a body.', { file });
  const side = Math.floor((1 + margin) * Math.max(bottom - top + 1, right - left + 1)) + 2;
  return {
    top: roundToEven((top + bottom + 1 - side) / 2),
    left: roundToEven((left + right + 1 - side) / 2),
    side,
  };
}

function bodyMedian({ values, height, width }: DepthMaps, taken: readonly number[], file?: string): number {
  const counts = new Uint32Array(65536);
  let total = 0;
  for (const frame of taken) {
    for (let i = frame * height * width; i < (frame + 1) * height * width; i++) {
      const z = values[i] as number;
      if (z === 0) continue;
      if (!(z > 0 && z <= 65535)) {
        throw new DatasetError(`got the depth ${z}; expected millimetres from 0 to 65535.`, {
          file,
        });
      }
      counts[Math.round(z)]!++;
      total++;
    }
  }
  if (total === 0) {
    throw new DatasetError('got only zeros in the chosen frames; expected depths of a body.', { file });
  }
  const ranked = (rank: number) => {
    let z = 0;
    for (let seen = counts[0]!; seen <= rank; seen += counts[z]!) z++;
    return z;
  };
  return (ranked(Math.floor((total - 1) / 2)) + ranked(Math.floor(total / 2))) / 2;
}

/** Rounds halves to the even number, as NumPy and Python do. */
function roundToEven(value: number): number {
  const below = Math.floor(value);
  return value - below === 0.5 ? below + Math.abs(below % 2) : Math.round(value);
}
