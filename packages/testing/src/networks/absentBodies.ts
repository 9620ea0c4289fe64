import type { Encoder, SkeletonGraph } from '@amr/encoders';
import * as tf from '@tensorflow/tfjs-core';
import { model } from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { perturbWeights } from './reloaded.js';

/** The options that the tests set; every skeleton network has them in its config. */
export interface TestedSkeleton {
  frames: number;
  persons: number;
  layout: SkeletonGraph;
  seed: number;
  normalize?: 'root' | 'none';
}

const layout: SkeletonGraph = { joints: 3, edges: [[0, 1], [1, 2]], center: 1 }; // biome-ignore format: bones

/**
 * The tests that every skeleton network passes: its features depend on the bodies that are present, whatever their
 * position, and on nothing else. `build` builds the network at a tiny size; `frames` is the smallest number that it takes.
 */
export function everySkeletonNetwork(
  network: string,
  build: (config: TestedSkeleton) => Encoder,
  { frames = 4 } = {},
): void {
  const tiny = { frames, persons: 2, layout, seed: 1 };
  const body = (seed: number) => tf.randomNormal([2, 1, frames, 3, 3], 0, 1, 'float32', seed);
  const absent = () => tf.zeros([2, 1, frames, 3, 3]);
  const largest = (x: tf.Tensor) => tf.max(tf.abs(x)).dataSync()[0]!;

  describe(`${network}, as every skeleton network`, () => {
    it.each([
      [true, 'before'],
      [true, 'behind'],
      [false, 'before'],
      [false, 'behind'],
    ])('does not depend on absent bodies, training: %s, %s the present one', (training, place) => {
      const one = build({ ...tiny, persons: 1 }).model;
      const three = build({ ...tiny, persons: 3 }).model;
      perturbWeights(one);
      three.setWeights(one.getWeights());
      const bodies = place === 'before' ? [absent(), absent(), body(1)] : [body(1), absent(), absent()];
      const alone = one.apply(body(1), { training }) as tf.Tensor;
      const among = three.apply(tf.concat(bodies, 1), { training }) as tf.Tensor;
      expect(largest(alone)).toBeGreaterThan(0);
      expect([...among.dataSync()]).toEqual([...alone.dataSync()].map((v) => expect.closeTo(v, 4)));
      // The moving statistics are the same, too.
      for (const [i, weight] of one.getWeights().entries()) {
        const expected = [...weight.dataSync()].map((v) => expect.closeTo(v, 4));
        expect([...three.getWeights()[i]!.dataSync()]).toEqual(expected);
      }
    });

    it('gives an absent body neither features nor a gradient, and a clip without bodies finite features', () => {
      const { model: encoder, stages } = build(tiny);
      perturbWeights(encoder);
      const inner = model({ inputs: encoder.inputs, outputs: stages });
      const x = tf.concat([body(1), absent()], 1);
      for (const stage of [inner.predict(x)].flat() as tf.Tensor[]) {
        const [present, other] = [0, 1].map((person) =>
          tf.slice(stage, [0, person, 0, 0, 0], [2, 1, -1, -1, -1]),
        );
        expect(largest(present!)).toBeGreaterThan(0);
        expect(largest(other!)).toBe(0);
      }
      const gradient = tf.grad((z: tf.Tensor) => encoder.apply(z, { training: true }) as tf.Tensor)(x);
      expect(largest(tf.slice(gradient, [0, 1, 0, 0, 0]))).toBe(0);
      expect(largest(gradient)).toBeGreaterThan(0);
      const empty = encoder.predict(tf.zeros([1, 2, frames, 3, 3])) as tf.Tensor;
      expect(largest(empty)).toBeLessThan(Infinity);
    });

    it('does not depend on the order of two bodies when the coordinates enter as they are', () => {
      const { model: encoder } = build({ ...tiny, normalize: 'none' });
      perturbWeights(encoder);
      const [here, there] = [tf.concat([body(1), body(2)], 1), tf.concat([body(2), body(1)], 1)].map((x) => [
        ...(encoder.predict(x) as tf.Tensor).dataSync(),
      ]);
      expect(here).toEqual(there!.map((v) => expect.closeTo(v, 4)));
    });
  });
}
