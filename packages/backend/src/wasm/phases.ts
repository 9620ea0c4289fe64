import type { Axis, Geometry } from '../geometry.js';

/**
 * Inputs i = stride * q + offset of an axis, for all q and some offsets, in the transpose of its convolution. Input i
 * and output o meet in the tap k for which o = q + (offset + padBefore - k) / stride is whole. Over q that is a
 * convolution of stride 1, whose taps are those of the filter in another order; where several offsets share it, each
 * has its own taps of it, and zeros elsewhere.
 */
export interface Phases {
  offsets: number[];
  /** The convolution over the outputs that gives these inputs. */
  axis: Axis;
  /** For each offset, the filter's tap at each tap of the convolution, or undefined where there is none. */
  taps: (number | undefined)[][];
}

/** The phases of depth, height and width that one convolution computes. */
export type Part = [Phases, Phases, Phases];

/** Whether an axis has phases: a step of one output must move the window by whole taps. */
export const hasPhases = ({ stride, dilation }: Axis) => stride === 1 || dilation === 1;

/** The phases of an axis in one convolution, or each in a separate one. Those without an output are left out. */
export function phasesOf(axis: Axis, together: boolean): Phases[] {
  const offsets = Array.from({ length: Math.min(axis.stride, axis.input) }, (_, offset) => offset);
  const groups = together ? [offsets] : offsets.map((offset) => [offset]);
  return groups.map((group) => phasesAt(axis, group)).filter(({ taps }) => taps[0]!.length > 0);
}

function phasesAt({ input, output, filter, stride, dilation, padBefore }: Axis, offsets: number[]): Phases {
  // The distances from q of the outputs that reach these offsets.
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const offset of offsets) {
    for (let k = 0; k < filter; k++) {
      const distance = (offset + padBefore - k * dilation) / stride;
      if (!Number.isInteger(distance)) continue;
      least = Math.min(least, distance);
      most = Math.max(most, distance);
    }
  }
  const count = most < least ? 0 : (most - least) / dilation + 1;
  const taps = offsets.map((offset) =>
    Array.from({ length: count }, (_, m) => {
      const tap = (offset + padBefore - stride * (least + m * dilation)) / dilation;
      return tap >= 0 && tap < filter ? tap : undefined;
    }),
  );
  const places = Math.ceil((input - offsets[0]!) / stride);
  return {
    offsets,
    axis: { input: output, output: places, filter: count, stride: 1, dilation, padBefore: -least },
    taps,
  };
}

/** Copies the result of the convolution of some phases, [.., phases * channels], to its positions in the image. */
export function interleave(
  heap: Float32Array,
  { batch, axes, channels }: Geometry,
  [depth, height, width]: Part,
  places: number,
  image: number,
): void {
  const [frames, rows, columns] = axes;
  const run = width.offsets.length * channels;
  const pitch = depth.offsets.length * height.offsets.length * run;
  const step = columns.stride * channels;
  const line = width.axis.output * pitch;
  for (let b = 0; b < batch; b++) {
    for (let qd = 0; qd < depth.axis.output; qd++) {
      for (let qh = 0; qh < height.axis.output; qh++) {
        const start = places + ((b * depth.axis.output + qd) * height.axis.output + qh) * line;
        depth.offsets.forEach((rd, i) => {
          const d = qd * frames.stride + rd;
          if (d >= frames.input) return;
          height.offsets.forEach((rh, j) => {
            const h = qh * rows.stride + rh;
            if (h >= rows.input) return;
            const row = image + ((b * frames.input + d) * rows.input + h) * columns.input * channels;
            const end = row + columns.input * channels;
            let target = row + width.offsets[0]! * channels;
            let source = start + (i * height.offsets.length + j) * run;
            for (let qw = 0; qw < width.axis.output; qw++, target += step, source += pitch) {
              // The last phases may have one position less than the first.
              const length = Math.min(run, end - target);
              for (let c = 0; c < length; c++) heap[target + c] = heap[source + c]!;
            }
          });
        });
      }
    }
  }
}
