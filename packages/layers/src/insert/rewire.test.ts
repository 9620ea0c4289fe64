import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { expect, it } from 'vitest';
import { dependsOn, rewire } from './rewire.js';

// tfjs's default for these, orthogonal, needs chained methods, which tfjs-core does not register under Node.
const recurrent = { recurrentInitializer: 'glorotUniform' } as const;
const doubled = (x: SymbolicTensor) => layers.add().apply([x, x]) as SymbolicTensor;
const values = (inputs: SymbolicTensor | SymbolicTensor[], outputs: SymbolicTensor, ...xs: tf.Tensor[]) =>
  tf.tidy(() => [...(model({ inputs, outputs }).predict(xs) as tf.Tensor).dataSync()]);

it('applies the layers behind a replaced tensor again, with shared weights, and keeps the rest', () => {
  const [a, b] = [input({ shape: [3] }), input({ shape: [2] })];
  const hidden = layers.dense({ units: 4, useBias: false }).apply(a) as SymbolicTensor;
  const other = layers.dense({ units: 4 }).apply(b) as SymbolicTensor;
  const top = layers.dense({ units: 2, useBias: false, name: 'top' });
  const output = top.apply(layers.add().apply([hidden, other]) as SymbolicTensor) as SymbolicTensor;
  const changed = rewire(output, new Map([[hidden, doubled(hidden)]]));
  expect(changed).not.toBe(output);
  expect(changed.sourceLayer).toBe(top);
  expect(rewire(other, new Map([[hidden, doubled(hidden)]]))).toBe(other);
  const xs = [tf.ones([1, 3]), tf.zeros([1, 2])];
  const [before, after] = [output, changed].map((one) => values([a, b], one, ...xs));
  expect(after).toEqual(before!.map((value) => expect.closeTo(2 * value, 5)));
});

it('replaces each of several outputs of a layer by its own', () => {
  const x = input({ shape: [4, 3] });
  const start = layers.dense({ units: 3 }).apply(x) as SymbolicTensor;
  const [, h, c] = layers
    .lstm({ ...recurrent, units: 2, returnState: true, name: 'states' })
    .apply(start) as SymbolicTensor[];
  const replaced = new Map([[start, doubled(start)]]);
  const both = layers.concatenate().apply([h!, c!]) as SymbolicTensor;
  const sequence = tf.randomNormal([2, 4, 3], 0, 1, 'float32', 1);
  // The same weights applied to the doubled input by hand.
  const [, h2, c2] = h!.sourceLayer.apply(doubled(start)) as SymbolicTensor[];
  const expected = values(x, layers.concatenate().apply([h2!, c2!]) as SymbolicTensor, sequence);
  expect(values(x, rewire(both, replaced), sequence)).toEqual(expected);
});

it('keeps the initial states of a recurrent layer, replaced or not', () => {
  const [x, y] = [input({ shape: [4, 3] }), input({ shape: [5, 2] })];
  const start = layers.dense({ units: 3 }).apply(x) as SymbolicTensor;
  const [, h, c] = layers
    .lstm({ ...recurrent, units: 2, returnState: true })
    .apply(start) as SymbolicTensor[];
  const decoder = layers.lstm({ ...recurrent, units: 2 });
  const output = decoder.apply(y, { initialState: [h, c] }) as SymbolicTensor;
  const changed = rewire(output, new Map([[start, doubled(start)]]));
  const xs = [tf.randomNormal([2, 4, 3], 0, 1, 'float32', 1), tf.randomNormal([2, 5, 2], 0, 1, 'float32', 2)];
  const before = values([x, y], output, ...xs);
  const after = values([x, y], changed, ...xs);
  expect(after).not.toEqual(before);
  expect(
    values(
      [x, y],
      rewire(output, new Map([[start, layers.dropout({ rate: 0 }).apply(start) as SymbolicTensor]])),
      ...xs,
    ),
  ).toEqual(before);
});

it('passes the call options on', () => {
  const x = input({ shape: [3] });
  const normalized = layers.batchNormalization().apply(x, { training: false }) as SymbolicTensor;
  const changed = rewire(normalized, new Map([[x, doubled(x)]]));
  const node = changed.sourceLayer.inboundNodes.at(-1)!;
  expect(node.callArgs).toEqual({ training: false });
});

it('tells which tensor depends on which', () => {
  const [a, b] = [input({ shape: [3] }), input({ shape: [3] })];
  const sum = layers.add().apply([a, b]) as SymbolicTensor;
  const alone = layers.dense({ units: 2 }).apply(b) as SymbolicTensor;
  expect([
    dependsOn(sum, a),
    dependsOn(sum, b),
    dependsOn(alone, a),
    dependsOn(a, sum),
    dependsOn(a, a),
  ]).toEqual([true, true, false, false, true]);
});
