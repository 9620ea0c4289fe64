/** A dilated convolution with stride 1 as its definition says it, in double precision. Channels last. */
export interface NaiveConvolution {
  /** [batch, ...space, channels] */
  xShape: number[];
  /** [...size, channels, outputs], of a depthwise one [...size, channels, multiplier]. */
  filterShape: number[];
  /** Rate per axis of space. */
  dilations: number[];
  /** Zeros in front and behind, per axis of space. */
  padding: [number, number][];
  /** Whether each channel has its own filters. */
  depthwise?: boolean;
}

/** The sum over all outputs of their products with `weights`, for an input and a filter. */
export function weightedOutputs(
  convolution: NaiveConvolution,
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
  weights: ArrayLike<number>,
): number {
  return naiveOutputs(convolution, x, filter).reduce((sum, y, i) => sum + y * weights[i]!, 0);
}

/** All outputs, row-major. */
export function naiveOutputs(
  { xShape, filterShape, dilations, padding, depthwise }: NaiveConvolution,
  x: ArrayLike<number>,
  filter: ArrayLike<number>,
): number[] {
  const axes = dilations.length;
  const [batch, channels] = [xShape[0]!, xShape[axes + 1]!];
  const last = filterShape[axes + 1]!;
  const space = xShape.slice(1, -1);
  const size = filterShape.slice(0, axes);
  const outputSpace = space.map(
    (length, i) => length + padding[i]![0] + padding[i]![1] - (size[i]! - 1) * dilations[i]!,
  );
  const outputs: number[] = [];
  for (let row = 0; row < batch; row++) {
    for (const at of indices(outputSpace)) {
      for (let output = 0; output < (depthwise ? channels * last : last); output++) {
        let sum = 0;
        for (const tap of indices(size)) {
          const place = tap.map((k, i) => at[i]! + k * dilations[i]! - padding[i]![0]);
          if (place.some((p, i) => p < 0 || p >= space[i]!)) continue;
          const inputs = depthwise ? [Math.floor(output / last)] : [...Array(channels).keys()];
          for (const channel of inputs) {
            const weight = [...tap, channel, depthwise ? output % last : output];
            sum += x[offset([row, ...place, channel], xShape)]! * filter[offset(weight, filterShape)]!;
          }
        }
        outputs.push(sum);
      }
    }
  }
  return outputs;
}

function offset(index: readonly number[], shape: readonly number[]): number {
  return index.reduce((sum, i, axis) => sum * shape[axis]! + i, 0);
}

function indices(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (all, length) => all.flatMap((index) => Array.from({ length }, (_, i) => [...index, i])),
    [[]],
  );
}
