import { murmurFinalizer, sfc32 } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Seeded random tensors. Each row has its own stream, made from the seed, the number of the draw and the row's number, so
 * that a row's values don't depend on how many rows follow it.
 */
export interface Random {
  /** `[rows, size]`, uniform in [0, 1), never exactly 0. */
  uniform(rows: number, size: number): tf.Tensor2D;
  /** `[rows, size]`, standard normal. */
  normal(rows: number, size: number): tf.Tensor2D;
}

/**
 * A generator that leaves Math.random alone.
 * @param seed a whole number from 0
 * @param numbers for each row the number that its stream depends on, read at each draw; by default the row's index
 */
export function randomOf(seed = 0, numbers?: readonly number[]): Random {
  let draws = 0;
  const fill = (rows: number, size: number, write: (next: () => number, into: Float32Array) => void) => {
    const values = new Float32Array(rows * size);
    draws++;
    for (let row = 0; row < rows; row++) {
      write(stream(seed, draws, numbers?.[row] ?? row), values.subarray(row * size, (row + 1) * size));
    }
    return tf.tensor2d(values, [rows, size]);
  };
  return {
    uniform: (rows, size) =>
      fill(rows, size, (next, into) => {
        for (let i = 0; i < into.length; i++) into[i] = next();
      }),
    normal: (rows, size) =>
      fill(rows, size, (next, into) => {
        // Box and Muller, 1958.
        for (let i = 0; i < into.length; i += 2) {
          const radius = Math.sqrt(-2 * Math.log(next()));
          const angle = 2 * Math.PI * next();
          into[i] = radius * Math.cos(angle);
          if (i + 1 < into.length) into[i + 1] = radius * Math.sin(angle);
        }
      }),
  };
}

/** Uniform numbers in (0, 1) with 24 bits: {@link sfc32}, its state set by hashing the three numbers. */
function stream(seed: number, draw: number, row: number): () => number {
  const a = mix(seed >>> 0);
  const b = mix(a ^ Math.floor(seed / 2 ** 32));
  const c = mix(b ^ draw);
  const bits = sfc32(a, b, c, mix(c ^ row));
  return () => ((bits() >>> 8) + 0.5) / 2 ** 24;
}

/** The finaliser of MurmurHash3, over a step of the golden ratio. */
function mix(value: number): number {
  return murmurFinalizer((value + 0x9e3779b9) | 0);
}
