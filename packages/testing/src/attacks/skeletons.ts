import * as tf from '@tensorflow/tfjs-core';
import { normal } from './models.js';

/** The 19 bones of the 20 joints of Kinect v1, as UTD-MHAD records them, from 0. */
// biome-ignore format: limb by limb
export const kinect: [number, number][] = [
  [0, 1], [1, 2], [2, 3],
  [4, 1], [5, 4], [6, 5], [7, 6],
  [8, 1], [9, 8], [10, 9], [11, 10],
  [12, 3], [13, 12], [14, 13], [15, 14],
  [16, 3], [17, 16], [18, 17], [19, 18],
];

/** A standing person with the arms a little away from the body, in metres. */
// biome-ignore format: limb by limb
const pose = [
  [0, 0.2, 0], [0, 0, 0], [0, -0.25, 0], [0, -0.4, 0],
  [-0.18, -0.02, 0], [-0.25, -0.28, 0.05], [-0.3, -0.5, 0.1], [-0.31, -0.57, 0.1],
  [0.18, -0.02, 0], [0.25, -0.28, 0.05], [0.3, -0.5, 0.1], [0.31, -0.57, 0.1],
  [-0.08, -0.45, 0], [-0.1, -0.85, 0.05], [-0.1, -1.2, 0], [-0.1, -1.25, 0.1],
  [0.08, -0.45, 0], [0.1, -0.85, 0.05], [0.1, -1.2, 0], [0.1, -1.25, 0.1],
];

/** People 3 m from the camera, `[batch, persons, frames, 20, 3]`, each joint moved by some 3 cm in each frame. */
export function people(batch: number, persons: number, frames: number, seed: number): tf.Tensor {
  return tf.tidy(() => {
    const standing = tf.add(tf.reshape(tf.tensor2d(pose), [1, 1, 1, 20, 3]), [0.3, 0.4, 3]);
    return tf.add(standing, normal([batch, persons, frames, 20, 3], seed, 0.03));
  });
}

/** People of whom the last person of the first row is absent and the last frame of all is padding. */
export function sparsePeople(batch: number, persons: number, frames: number, seed: number): tf.Tensor {
  return tf.tidy(() => {
    const there = tf.buffer([batch, persons, frames, 1, 1], 'float32');
    for (let row = 0; row < batch; row++) {
      for (let person = 0; person < persons; person++) {
        for (let frame = 0; frame < frames - 1; frame++) {
          there.set(row === 0 && person === persons - 1 ? 0 : 1, row, person, frame, 0, 0);
        }
      }
    }
    const all = people(batch, persons, frames, seed);
    return tf.where(tf.cast(there.toTensor(), 'bool'), all, tf.zerosLike(all));
  });
}

/** Lengths of bones in double precision: one list for each body, persons and frames in order. */
export function boneLengthsOf(x: tf.Tensor, edges: readonly (readonly [number, number])[]): number[][] {
  const [joints, size] = x.shape.slice(-2) as [number, number];
  const all = Array.from(x.dataSync());
  return Array.from({ length: x.size / (joints * size) }, (_, body) =>
    edges.map(([a, b]) =>
      Math.hypot(
        ...Array.from({ length: size }, (_, i) => {
          const at = (joint: number) => all[(body * joints + joint) * size + i]!;
          return at(a) - at(b);
        }),
      ),
    ),
  );
}
