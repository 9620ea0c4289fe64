/** The layout of a modality's values: [groups, frames, length]. */
export interface TimeLayout {
  /** Persons, for skeletons and key points. */
  groups: number;
  /** Frames of each. */
  frames: number;
  /** Values of a frame. */
  length: number;
  /** Number of values, such as those of a body or a joint, that are absent when all of them are zero. 0: none is ever absent. */
  absent: number;
}

/**
 * Stretches the part of the time between `from` and `to`, from 0 to 1, over all frames by linear interpolation. A body or joint
 * that is absent in one of two neighbouring frames is taken from the nearer frame.
 */
export function cropTimeOf(
  values: Float32Array,
  { groups, frames, length, absent }: TimeLayout,
  from: number,
  to: number,
): Float32Array {
  const out = new Float32Array(values.length);
  const part = absent || length;
  for (let group = 0; group < groups; group++) {
    for (let frame = 0; frame < frames; frame++) {
      const at = (from + ((to - from) * frame) / Math.max(1, frames - 1)) * (frames - 1);
      const before = Math.min(Math.floor(at), Math.max(0, frames - 2));
      const first = (group * frames + before) * length;
      const second = before + 1 < frames ? first + length : first;
      const target = (group * frames + frame) * length;
      for (let i = 0; i < length; i += part) {
        const whole =
          absent === 0 || (isPresent(values, first + i, part) && isPresent(values, second + i, part));
        const share = whole ? at - before : Math.round(at - before);
        for (let k = i; k < i + part; k++) {
          const [a, b] = [values[first + k]!, values[second + k]!];
          out[target + k] = a + share * (b - a);
        }
      }
    }
  }
  return out;
}

/** The frames nearest to evenly spread moments of the part of the time between `from` and `to`. */
export function framesInTime(frames: number, from: number, to: number): number[] {
  return Array.from({ length: frames }, (_, frame) =>
    Math.round((from + ((to - from) * frame) / Math.max(1, frames - 1)) * (frames - 1)),
  );
}

/** Whether any of these values is not zero. */
export function isPresent(values: Float32Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) if (values[i] !== 0) return true;
  return false;
}
