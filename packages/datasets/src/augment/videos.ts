/** Shape of one sample's video: [frames, height, width, channels]. */
export type VideoShape = readonly [frames: number, height: number, width: number, channels: number];

/** What is shown of a video; the fields are applied in this order. */
export interface VideoView {
  /** Which frame of the video each frame shows. */
  frames: readonly number[];
  /** Whether left and right of each frame are swapped. Default: false. */
  mirrored?: boolean;
  /** Rolls frames about the centre, counter-clockwise, in radians. Default 0. */
  angle?: number;
  /** Enlarges frames about the centre. Default 1. */
  zoom?: number;
  /** Moves frames to the right by whole pixels and repeats the edges. Default 0. */
  right?: number;
  /** Moves frames down by whole pixels. Default 0. */
  down?: number;
  /** The square that each frame is cropped to, in pixels. Default: the whole frame. */
  window?: { left: number; top: number; size: number };
  /** Factor of the values. Default 1. */
  scale?: number;
  /** Factor after `scale`, whose result is clipped to `range`. Default 1, without clipping. */
  gain?: number;
  /** Smallest and largest value after `gain`. */
  range?: readonly [number, number];
}

/**
 * Transforms a video in one pass, which converts only those bytes to floats that are shown.
 * @param values all frames, [any number of frames, height, width, channels]
 * @param shape the size of a frame; the number of frames is `view.frames`'s
 * @param into [view.frames.length, height or window.size, width or window.size, channels]
 */
export function viewVideo(
  values: Float32Array | Uint8Array,
  [, height, width, channels]: VideoShape,
  view: VideoView,
  into: Float32Array,
): void {
  const { mirrored = false, angle = 0, zoom = 1, right = 0, down = 0, window } = view;
  const { scale = 1, gain = 1, range } = view;
  const columns = shifted(width, right, window?.left ?? 0, window?.size ?? width);
  const rows = shifted(height, down, window?.top ?? 0, window?.size ?? height);
  const factor = scale * gain;
  const [min, max] = gain === 1 || !range ? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] : range;
  const length = height * width * channels;
  const shown = rows.length * columns.length * channels;
  const isStraight = angle === 0 && zoom === 1;
  const taps = isStraight
    ? undefined
    : bilinearTaps(height, width, channels, rows, columns, angle, zoom, mirrored, factor);
  const starts = rows.map((y) => y * width * channels);
  const from = columns.map((x) => (mirrored ? width - 1 - x : x) * channels);
  // The 256 values that bytes can have are computed once.
  const table = Float32Array.from({ length: 256 }, (_, byte) => Math.max(min, Math.min(max, byte * factor)));
  // Weighted means of bytes are below 256, however the weights were rounded.
  const isInRange =
    gain === 1 ||
    (values instanceof Uint8Array && (isStraight || (min <= 0 && factor >= 0 && 256 * factor <= max)));
  for (let i = 0; i < view.frames.length; i++) {
    const frame = view.frames[i]!;
    const source = values.subarray(frame * length, (frame + 1) * length);
    const target = into.subarray(i * shown, (i + 1) * shown);
    if (taps) blend(source, taps, channels, target);
    else if (source instanceof Uint8Array) copyBytes(source, starts, from, channels, table, target);
    else copyFloats(source, starts, from, channels, factor, target);
    if (!isInRange) {
      for (let k = 0; k < shown; k++) {
        const value = target[k]!;
        if (value > max) target[k] = max;
        else if (value < min) target[k] = min;
      }
    }
  }
}

/** The columns (or rows) of `total` that are shown after a move by `by` and a crop to `count` of them from `first` on. */
function shifted(total: number, by: number, first: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.max(0, Math.min(total - 1, first + i - by)));
}

function copyBytes(
  source: Uint8Array,
  starts: Int32Array,
  from: Int32Array,
  channels: number,
  table: Float32Array,
  target: Float32Array,
): void {
  let at = 0;
  for (let y = 0; y < starts.length; y++) {
    const start = starts[y]!;
    for (let x = 0; x < from.length; x++) {
      const first = start + from[x]!;
      if (channels === 3) {
        target[at] = table[source[first]!]!;
        target[at + 1] = table[source[first + 1]!]!;
        target[at + 2] = table[source[first + 2]!]!;
        at += 3;
      } else {
        for (let c = 0; c < channels; c++) target[at++] = table[source[first + c]!]!;
      }
    }
  }
}

function copyFloats(
  source: Float32Array,
  starts: Int32Array,
  from: Int32Array,
  channels: number,
  factor: number,
  target: Float32Array,
): void {
  let at = 0;
  for (let y = 0; y < starts.length; y++) {
    const start = starts[y]!;
    for (let x = 0; x < from.length; x++) {
      const first = start + from[x]!;
      for (let c = 0; c < channels; c++) target[at++] = source[first + c]! * factor;
    }
  }
}

/** Positions of each pixel's four neighbours in a frame, and their weights times `factor`; the same for all frames. */
interface Taps {
  offsets: Int32Array;
  weights: Float32Array;
}

function bilinearTaps(
  height: number,
  width: number,
  channels: number,
  rows: Int32Array,
  columns: Int32Array,
  angle: number,
  zoom: number,
  mirrored: boolean,
  factor: number,
): Taps {
  const offsets = new Int32Array(rows.length * columns.length * 4);
  const weights = new Float32Array(offsets.length);
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      const u = column - middleX;
      const v = row - middleY;
      // Rows go down: counter-clockwise in the picture is clockwise in (column, row).
      const x = Math.max(0, Math.min(width - 1, middleX + cos * u - sin * v));
      const y = Math.max(0, Math.min(height - 1, middleY + sin * u + cos * v));
      const x0 = Math.floor(x);
      const y0 = Math.floor(y);
      const x1 = Math.min(x0 + 1, width - 1);
      const y1 = Math.min(y0 + 1, height - 1);
      const left = mirrored ? width - 1 - x0 : x0;
      const right = mirrored ? width - 1 - x1 : x1;
      const weightX = x - x0;
      const weightY = y - y0;
      offsets[at] = (y0 * width + left) * channels;
      offsets[at + 1] = (y0 * width + right) * channels;
      offsets[at + 2] = (y1 * width + left) * channels;
      offsets[at + 3] = (y1 * width + right) * channels;
      weights[at] = (1 - weightX) * (1 - weightY) * factor;
      weights[at + 1] = weightX * (1 - weightY) * factor;
      weights[at + 2] = (1 - weightX) * weightY * factor;
      weights[at + 3] = weightX * weightY * factor;
      at += 4;
    }
  }
  return { offsets, weights };
}

function blend(
  source: Float32Array | Uint8Array,
  { offsets, weights }: Taps,
  channels: number,
  target: Float32Array,
): void {
  let at = 0;
  for (let tap = 0; tap < offsets.length; tap += 4) {
    const a = offsets[tap]!;
    const b = offsets[tap + 1]!;
    const c = offsets[tap + 2]!;
    const d = offsets[tap + 3]!;
    const p = weights[tap]!;
    const q = weights[tap + 1]!;
    const r = weights[tap + 2]!;
    const s = weights[tap + 3]!;
    if (channels === 3) {
      target[at] = p * source[a]! + q * source[b]! + r * source[c]! + s * source[d]!;
      target[at + 1] = p * source[a + 1]! + q * source[b + 1]! + r * source[c + 1]! + s * source[d + 1]!;
      target[at + 2] = p * source[a + 2]! + q * source[b + 2]! + r * source[c + 2]! + s * source[d + 2]!;
      at += 3;
      continue;
    }
    for (let i = 0; i < channels; i++) {
      target[at++] = p * source[a + i]! + q * source[b + i]! + r * source[c + i]! + s * source[d + i]!;
    }
  }
}
