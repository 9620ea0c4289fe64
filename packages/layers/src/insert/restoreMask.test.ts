import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { RestoreMask } from './restoreMask.js';

/** The sum over the frames that its mask selects. */
class MaskedSum extends layers.Layer {
  static readonly className = 'MaskedSum';
  override computeOutputShape() {
    return [null, 1];
  }
  override call(inputs: tf.Tensor | tf.Tensor[], { mask }: { mask?: tf.Tensor }): tf.Tensor {
    return tf.tidy(() => {
      const x = [inputs].flat()[0]!;
      const counted = mask ? tf.mul(x, tf.expandDims(tf.cast(mask, 'float32'), -1)) : x;
      return tf.reshape(tf.sum(counted, [1, 2]), [-1, 1]);
    });
  }
}

it('returns the values of the first input with the mask of the second, or with none', () => {
  const x = input({ shape: [3, 1] });
  const other = layers.masking({ maskValue: 2 }).apply(x) as SymbolicTensor; // this mask excludes twos
  const first = layers.masking({ maskValue: 5 }).apply(x) as SymbolicTensor; // this one excludes fives
  const [own, none] = [new RestoreMask().apply([first, other]), new RestoreMask().apply(first)];
  const sums = [first, own, none].map(
    (one) => new MaskedSum().apply(one as SymbolicTensor) as SymbolicTensor,
  );
  const net = model({ inputs: x, outputs: sums });
  const results = net.predict(tf.tensor3d([[[1], [2], [5]]])) as tf.Tensor[];
  // Masking itself sets what it excludes to zero: `first` is 1, 2, 0.
  expect(results.map((one) => one.dataSync()[0])).toEqual([3, 1, 3]);
});

it('has the shape of its first input and passes the gradient on', () => {
  const [a, b] = [input({ shape: [4, 2] }), input({ shape: [4, 2] })];
  const output = new RestoreMask().apply([a, b]) as SymbolicTensor;
  expect(output.shape).toEqual([null, 4, 2]);
  const layer = new RestoreMask();
  const gradient = tf.grad((x) => layer.apply([x, tf.zeros([1, 4, 2])]) as tf.Tensor)(tf.ones([1, 4, 2]));
  expect([...gradient.dataSync()]).toEqual(Array(8).fill(1));
});

it('refuses options that are not those of a layer', () => {
  expect(() => new RestoreMask({ nmae: 'mask' } as object)).toThrow(
    'RestoreMask.nmae: got an unknown option; expected name.',
  );
});
