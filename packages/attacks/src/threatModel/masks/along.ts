import * as tf from '@tensorflow/tfjs-core';
import { shown, ThreatModelError } from '../../errors.js';

/** A mask of some places along one axis, `[1, ..., size, ..., 1]`. */
export function along(x: tf.Tensor, axis: number, chosen: readonly number[], what: string): tf.Tensor {
  const size = x.shape[axis]!;
  const places = new Float32Array(size);
  for (const place of chosen) {
    if (!(Number.isInteger(place) && place >= 0 && place < size)) {
      throw new ThreatModelError(
        `The mask names ${what} ${shown(place)}, but axis ${axis} of the input, ${shown(x)}, has ${size}; expected whole numbers from 0 to ${size - 1}.`,
      );
    }
    places[place] = 1;
  }
  return tf.tensor(
    places,
    x.shape.map((_, other) => (other === axis ? size : 1)),
  );
}

/** The whole numbers from one up to, and without, another. */
export function span(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
