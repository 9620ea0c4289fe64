/** Shape of one sample's video: [frames, height, width, channels]. */
export type VideoShape = readonly [frames: number, height: number, width: number, channels: number];

/** Seen in a mirror: left and right of each frame swapped. */
export function mirrorVideo(values: Float32Array, shape: VideoShape): Float32Array {
  const width = shape[2];
  return mapPixels(values, shape, (frame, y, x) => [frame, y, width - 1 - x]);
}

/** Every frame moved by whole pixels to the right and down; the edges are repeated where nothing was. */
export function shiftVideo(
  values: Float32Array,
  shape: VideoShape,
  right: number,
  down: number,
): Float32Array {
  const [, height, width] = shape;
  return mapPixels(values, shape, (frame, y, x) => [
    frame,
    Math.max(0, Math.min(height - 1, y - down)),
    Math.max(0, Math.min(width - 1, x - right)),
  ]);
}

/** The part of the time from `from` to `to`, in shares of the clip, stretched over all frames by repeating the nearest. */
export function cropVideoTime(
  values: Float32Array,
  shape: VideoShape,
  from: number,
  to: number,
): Float32Array {
  const frames = shape[0];
  return mapPixels(values, shape, (frame, y, x) => {
    const share = from + ((to - from) * frame) / Math.max(1, frames - 1);
    return [Math.round(share * (frames - 1)), y, x];
  });
}

/** Every value times `gain`, held within the range. */
export function brightenVideo(
  values: Float32Array,
  gain: number,
  range: readonly [number, number],
): Float32Array {
  return values.map((value) => Math.max(range[0], Math.min(range[1], value * gain)));
}

function mapPixels(
  values: Float32Array,
  [frames, height, width, channels]: VideoShape,
  source: (frame: number, y: number, x: number) => readonly [frame: number, y: number, x: number],
): Float32Array {
  const out = new Float32Array(values.length);
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [f, v, u] = source(frame, y, x);
        const from = ((f * height + v) * width + u) * channels;
        for (let c = 0; c < channels; c++) out[at++] = values[from + c]!;
      }
    }
  }
  return out;
}
