/** How the values of a series of frames belong together. */
export interface SeenShape {
  /** Persons: series of their own. */
  groups: number;
  /** Frames that there are. */
  frames: number;
  /** Parts of a frame that are there or not by themselves: the joints of key points, 1 for a body of a sensor. */
  parts: number;
  /** Values of a part. It isn't there when all are zero. */
  length: number;
}

/**
 * `[groups, frames, parts, length]` at `count` moments evenly over its time, first and last frame included: a part that is
 * there in both frames beside a moment is mixed linearly, one that is there in one of them is taken if that one is the nearer,
 * so that nothing is mixed with the zeros of what wasn't seen. As many frames as before are the very same values.
 */
export function resampleSeen(values: Float32Array, shape: SeenShape, count: number): Float32Array {
  const { groups, frames, parts, length } = shape;
  const stride = parts * length;
  const out = new Float32Array(groups * count * stride);
  const isSeen = (at: number) => {
    for (let k = 0; k < length; k++) if (values[at + k] !== 0) return true;
    return false;
  };
  for (let i = 0; i < count; i++) {
    // Multiplied first: whole positions come out whole.
    const position = count === 1 ? (frames - 1) / 2 : (i * (frames - 1)) / (count - 1);
    const before = Math.floor(position);
    const after = Math.ceil(position);
    const share = position - before;
    for (let group = 0; group < groups; group++) {
      for (let part = 0; part < parts; part++) {
        const first = (group * frames + before) * stride + part * length;
        const second = (group * frames + after) * stride + part * length;
        const to = (group * count + i) * stride + part * length;
        const isMixed = share > 0 && isSeen(first) && isSeen(second);
        const nearest = share < 0.5 ? first : second;
        for (let k = 0; k < length; k++) {
          out[to + k] = isMixed
            ? values[first + k]! * (1 - share) + values[second + k]! * share
            : values[nearest + k]!;
        }
      }
    }
  }
  return out;
}
