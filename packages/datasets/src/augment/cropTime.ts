/** How the values of a modality lie: `groups` of `frames` that follow one another, each of `length` values. */
export interface TimeLayout {
  /** Persons, for skeletons and key points. */
  groups: number;
  /** Frames of each. */
  frames: number;
  /** Values in a frame. */
  length: number;
  /** So many values are absent together when all are zero: a body, a joint. 0: none is ever absent. */
  absent: number;
}

/**
 * The part of the time from `from` to `to`, in shares of the clip, stretched over all frames by linear interpolation. What
 * is absent in one of two neighbouring frames is taken from the nearer one.
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

/** Which frames stand for the part of the time from `from` to `to`: the nearest of each moment. */
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
