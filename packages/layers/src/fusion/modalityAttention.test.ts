import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layerNorm } from '../math/layerNorm.js';
import { ModalityAttention } from './modalityAttention.js';

/** Written by PyTorch: see the script next to it. */
const reference = JSON.parse(
  readFileSync(new URL('../../test-data/modality_attention.json', import.meta.url), 'utf8'),
) as {
  units: number;
  heads: number;
  blocks: number;
  expansion: number;
  weights: number[][];
  inputs: number[][];
  along: number[][];
  fused: number[][];
  attention: number[][][];
  gradients: number[][];
};
const shapes = [[null, 3], [null, 2, 5]]; // biome-ignore format: two shapes

/** The largest difference; single precision leaves about 1e-6 after two blocks. */
function expectClose(actual: tf.Tensor, expected: unknown): void {
  const wanted = tf.tensor(expected as number[]);
  expect(actual.shape).toEqual(wanted.shape);
  expect(tf.max(tf.abs(tf.sub(actual, wanted))).dataSync()[0]).toBeLessThan(1e-4);
}

describe('ModalityAttention', () => {
  it("equals PyTorch's encoder layers: outputs, attention and gradients", () => {
    const { units, heads, blocks, expansion } = reference;
    const layer = new ModalityAttention({ units, heads, blocks, expansion, returnWeights: true });
    const inputs = reference.inputs.map((values) => tf.tensor(values));
    layer.apply(inputs);
    layer.setWeights(reference.weights.map((values) => tf.tensor(values)));
    const [fused, attention] = [layer.apply(inputs)].flat();
    expectClose(fused!, reference.fused);
    expectClose(attention!, reference.attention);
    const gradients = tf.grads((...xs) =>
      tf.sum(tf.mul([layer.apply(xs)].flat()[0]!, tf.tensor(reference.along))),
    )(inputs);
    for (const [m, gradient] of gradients.entries()) expectClose(gradient, reference.gradients[m]);
  });

  it('has attention that sums to one for each query modality', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 2, max: 4 }),
        fc.constantFrom(1, 2, 4),
        (seed, modalities, heads) => {
          tf.tidy(() => {
            const layer = new ModalityAttention({ units: 4, heads, blocks: 2, returnWeights: true, seed });
            const inputs = Array.from({ length: modalities }, (_, m) =>
              tf.randomNormal([2, 2, m + 1], 0, 3, 'float32', seed + m),
            );
            const attention = [layer.apply(inputs)].flat()[1]!;
            expect(attention.shape).toEqual([2, modalities, modalities]);
            expect(tf.min(attention).dataSync()[0]).toBeGreaterThanOrEqual(0);
            for (const sum of tf.sum(attention, 2).dataSync()) expect(sum).toBeCloseTo(1, 5);
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  it('does not depend on the order of the modalities when its weights follow it', () => {
    const [a, b] = [
      tf.randomNormal([2, 3], 0, 1, 'float32', 1),
      tf.randomNormal([2, 4, 2], 0, 1, 'float32', 2),
    ];
    const layer = new ModalityAttention({ units: 4, seed: 3 });
    const swapped = new ModalityAttention({ units: 4 });
    const fused = layer.apply([a, b]);
    swapped.apply([b, a]);
    const [first, second, embedding, ...rest] = layer.getWeights() as tf.Tensor[];
    swapped.setWeights([second!, first!, tf.reverse(embedding!, 0), ...rest]);
    expectClose(swapped.apply([b, a]), fused.arraySync());
  });

  it('counts the products of its matrices and its attention', () => {
    const layer = new ModalityAttention({ units: 8, heads: 2, blocks: 3, expansion: 1.25 });
    const projections = (3 + 5) * 8;
    const block = 2 * (4 * 8 * 8 + 2 * 8 * 10) + 2 * 2 * 2 * 8;
    expect(layer.multiplyAdds(shapes)).toBe(projections + 3 * block);
  });

  it('refuses options out of range', () => {
    expect(() => new ModalityAttention({ units: 6 })).toThrow(
      /^ModalityAttention\.heads: got 4; expected a divisor of units, 6, such as 3/,
    );
    expect(() => new ModalityAttention({ units: 0 })).toThrow(/units: got 0;/);
    expect(() => new ModalityAttention({ units: 4, heads: 0 })).toThrow(/heads: got 0;/);
    expect(() => new ModalityAttention({ units: 4, blocks: 1.5 })).toThrow(/blocks: got 1\.5;/);
    expect(() => new ModalityAttention({ units: 4, expansion: -1 })).toThrow(/expansion: got -1;/);
  });
});

describe('layerNorm', () => {
  it('gives rows of mean 0 and variance 1, scaled and shifted', () => {
    const x = tf.tensor2d([[1, 2, 3, 6], [-5, 5, -5, 5]]); // biome-ignore format: a matrix
    const rows = layerNorm(x, tf.tensor1d([1, 1, 2, 1]), tf.tensor1d([0, 0, 0, 10])).arraySync();
    const deviation = Math.sqrt(3.5);
    expect(rows[0]).toEqual(
      [-2 / deviation, -1 / deviation, 0, 10 + 3 / deviation].map((value) => expect.closeTo(value, 4)),
    );
    expect(rows[1]).toEqual([-1, 1, -2, 11].map((value) => expect.closeTo(value, 4)));
  });
});
