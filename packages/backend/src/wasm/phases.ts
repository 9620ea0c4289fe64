import type { Axis, Geometry } from './geometry.js';

/**
 * Inputs i = stride * q + offset of an axis, for all q, see the outputs through the taps k = first + stride * m alone:
 * o = q + (offset + before - first) / stride - m. Over q that is a convolution of stride 1 with those taps, last first.
 */
export interface Phase {
  offset: number;
  /** Taps of the filter, in the order in which the convolution over `axis` has them. */
  taps: number[];
  axis: Axis;
}

/** The phases of an axis, for the transpose of its convolution. Needs stride 1 or dilation 1. */
export function phasesOf({ input, output, filter, stride, dilation, before }: Axis): Phase[] {
  return Array.from({ length: Math.min(stride, input) }, (_, offset) => {
    const reach = Math.floor((offset + before) / stride);
    const first = offset + before - reach * stride;
    const taps: number[] = [];
    for (let k = first; k < filter; k += stride) taps.unshift(k);
    return {
      offset,
      taps,
      axis: {
        input: output,
        output: Math.ceil((input - offset) / stride),
        filter: taps.length,
        stride: 1,
        dilation,
        before: (taps.length - 1) * dilation - reach,
      },
    };
  });
}

/** Puts the places of one phase where they belong in the image. */
export function interleave(
  heap: Float32Array,
  { batch, axes, channels }: Geometry,
  [depth, height, width]: [Phase, Phase, Phase],
  part: number,
  image: number,
): void {
  let source = part;
  const step = axes[2].stride * channels;
  for (let b = 0; b < batch; b++) {
    for (let d = depth.offset; d < axes[0].input; d += axes[0].stride) {
      for (let h = height.offset; h < axes[1].input; h += axes[1].stride) {
        let target =
          image + (((b * axes[0].input + d) * axes[1].input + h) * axes[2].input + width.offset) * channels;
        for (let w = 0; w < width.axis.output; w++, target += step) {
          for (let c = 0; c < channels; c++) heap[target + c] = heap[source++]!;
        }
      }
    }
  }
}
