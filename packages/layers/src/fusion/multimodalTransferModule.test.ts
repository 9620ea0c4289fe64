import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AttentionModalityReweighter } from './attentionModalityReweighter.js';
import { MultimodalTransferModule } from './multimodalTransferModule.js';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** Means [2, 4] and [5]. */
const rgb = tf.tensor3d([[[1, 2], [3, 6]]]); // biome-ignore format: a matrix
const skeleton = tf.tensor2d([[5]]);

describe('MultimodalTransferModule', () => {
  it('computes the formula', () => {
    const layer = new MultimodalTransferModule({ reductionRatio: 1.5, returnWeights: true });
    layer.apply([rgb, skeleton]);
    layer.setWeights([
      tf.tensor2d([[1, 0], [0, 1], [-1, -1]]), // biome-ignore format: a matrix
      tf.tensor1d([4, -1]), // z = relu([2 - 5 + 4, 4 - 5 - 1]) = [1, 0]
      tf.tensor2d([[1, -1], [7, 7]]), // biome-ignore format: a matrix
      tf.tensor1d([0.5, 0]),
      tf.tensor2d([[2], [7]]),
      tf.tensor1d([-3]),
    ]);
    const [first, second, weights] = layer.apply([rgb, skeleton]) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const gates = [sigmoid(1.5), sigmoid(-1), sigmoid(-1)] as const;
    const [a, b, c] = gates;
    expect([...first.dataSync()]).toEqual(
      [2 * a * 1, 2 * b * 2, 2 * a * 3, 2 * b * 6].map((value) => expect.closeTo(value, 5)),
    );
    expect(second.dataSync()[0]).toBeCloseTo(2 * c * 5, 5);
    expect([...weights.dataSync()]).toEqual(gates.map((gate) => expect.closeTo(gate, 6)));
  });

  it('equals the channel reweighter when its biases are zero', () => {
    const inputs = [rgb, skeleton];
    const module = new MultimodalTransferModule({ seed: 1 });
    const reweighter = new AttentionModalityReweighter({ granularity: 'channel' });
    module.apply(inputs);
    reweighter.apply(inputs);
    const [kernel, bias, rgbGate, , skeletonGate] = module.getWeights() as tf.Tensor[];
    reweighter.setWeights([kernel!, bias!, rgbGate!, skeletonGate!]);
    const values = (outputs: tf.Tensor[]) => outputs.map((output) => output.dataSync());
    expect(values(module.apply(inputs))).toEqual(values(reweighter.apply(inputs)));
    expect(module.apply(inputs)[0]!.dataSync()).not.toEqual(rgb.dataSync());
  });

  it('is exactly the identity with gates that start at zero', () => {
    const shape = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(shape, { minLength: 2, maxLength: 4 }), (shapes) => {
        tf.tidy(() => {
          const inputs = shapes.map((sizes, m) => tf.randomNormal([2, ...sizes], 0, 1, 'float32', m));
          const outputs = new MultimodalTransferModule({ initialGates: 'zeros' }).apply(inputs);
          for (const [m, output] of outputs.entries()) {
            expect(output.shape).toEqual(inputs[m]!.shape);
            expect(output.dataSync()).toEqual(inputs[m]!.dataSync());
          }
        });
      }),
      { numRuns: 20 },
    );
  });

  it('passes masks through, and counts its products', () => {
    const layer = new MultimodalTransferModule({ returnWeights: true });
    const mask = tf.tensor2d([[1, 0]], undefined, 'bool');
    expect(layer.computeMask([rgb, skeleton], [mask, null as unknown as tf.Tensor])).toEqual([
      mask,
      null,
      null,
    ]);
    expect(layer.multiplyAdds([[null, 2, 16], [null, 12]])).toBe(2 * 28 * 7); // biome-ignore format: two shapes
  });

  it('refuses options out of range', () => {
    expect(() => new MultimodalTransferModule({ reductionRatio: 0 })).toThrow(
      /^MultimodalTransferModule\.reductionRatio: got 0;/,
    );
    expect(() => new MultimodalTransferModule({ initialGates: 'ones' as 'zeros' })).toThrow(
      /initialGates: got 'ones'; expected one of glorot, zeros/,
    );
  });
});
