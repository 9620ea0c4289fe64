import * as tf from '@tensorflow/tfjs-core';

/**
 * The weight of a squared acceleration relative to a squared move: for bounds from 1/40 to 1/2 of the ball, PGD then retains
 * the most of its gain.
 */
const WEIGHT = 20;

/** The matrices of a quadratic smoothing. D maps a trajectory to its accelerations, r is the weight of their squares. */
export interface Smoothing {
  /** M = (I + r D'D)^-1, `[frames, frames]`. */
  filter: tf.Tensor2D;
  /** r M D', `[frames, frames - 2]`. */
  back: tf.Tensor2D;
  /** r D M D', `[frames - 2, frames - 2]`. */
  forth: tf.Tensor2D;
}

/** The {@link Smoothing} of trajectories of 3 frames or more, computed in double precision. */
export function smoothing(frames: number): Smoothing {
  const second = (column: Float64Array, t: number) => column[t]! - 2 * column[t + 1]! + column[t + 2]!;
  // M is symmetric, so its columns are its rows.
  const filter = inverse(frames);
  const back = filter.map((column) =>
    Float64Array.from({ length: frames - 2 }, (_, t) => WEIGHT * second(column, t)),
  );
  const forth = Array.from({ length: frames - 2 }, (_, t) =>
    Float64Array.from(
      { length: frames - 2 },
      (_, other) => back[t]![other]! - 2 * back[t + 1]![other]! + back[t + 2]![other]!,
    ),
  );
  return { filter: matrix(filter), back: matrix(back), forth: matrix(forth) };
}

function matrix(rows: readonly Float64Array[]): tf.Tensor2D {
  return tf.tensor2d(Float32Array.from(rows.flatMap((row) => [...row])), [rows.length, rows[0]!.length]);
}

/** Columns of (I + r D'D)^-1, by the Cholesky factors of the matrix, which has two diagonals on each side of the main one. */
function inverse(frames: number): Float64Array[] {
  const entry = (i: number, j: number) => {
    let sum = i === j ? 1 : 0;
    // Row t of D has 1, -2, 1 at t, t + 1, t + 2.
    const part = (t: number, at: number) => [1, -2, 1][at - t] ?? 0;
    for (let t = Math.max(0, i - 2); t <= Math.min(i, frames - 3); t++)
      sum += WEIGHT * part(t, i) * part(t, j);
    return sum;
  };
  const factor = Array.from({ length: frames }, () => new Float64Array(3)); // L[i][i - k] at k
  for (let i = 0; i < frames; i++) {
    for (let k = Math.min(2, i); k >= 0; k--) {
      const j = i - k;
      let sum = entry(i, j);
      for (let m = Math.max(0, i - 2); m < j; m++) sum -= factor[i]![i - m]! * factor[j]![j - m]!;
      factor[i]![k] = k === 0 ? Math.sqrt(sum) : sum / factor[j]![0]!;
    }
  }
  return Array.from({ length: frames }, (_, column) => {
    const x = new Float64Array(frames);
    x[column] = 1;
    for (let i = 0; i < frames; i++) {
      for (let k = 1; k <= Math.min(2, i); k++) x[i]! -= factor[i]![k]! * x[i - k]!;
      x[i]! /= factor[i]![0]!;
    }
    for (let i = frames - 1; i >= 0; i--) {
      for (let k = 1; k <= Math.min(2, frames - 1 - i); k++) x[i]! -= factor[i + k]![k]! * x[i + k]!;
      x[i]! /= factor[i]![0]!;
    }
    return x;
  });
}
