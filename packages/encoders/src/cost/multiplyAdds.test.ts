import { ConcatFusion } from '@amr/layers';
import * as tf from '@tensorflow/tfjs-core';
import {
  initializers,
  input,
  layers,
  model,
  type Shape,
  type SymbolicTensor,
  sequential,
} from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import { CostError } from '../errors.js';
import { multiplyAdds } from './multiplyAdds.js';

// The default initializer, orthogonal, calls chained methods, which the packages don't register.
const recurrentInitializer = 'glorotUniform';

/** Multiply-adds of a model of one layer. */
function costOf(layer: layers.Layer, ...shapes: Shape[]): number {
  const inputs = shapes.map((shape) => input({ shape }));
  return multiplyAdds(
    model({ inputs, outputs: layer.apply(inputs.length === 1 ? inputs[0]! : inputs) as SymbolicTensor }),
  );
}

class Scale extends layers.Layer {
  static readonly className = 'TestScale';
  override build(shape: Shape) {
    this.addWeight('scale', [shape.at(-1)!], 'float32', initializers.ones());
    super.build(shape);
  }
}
tf.serialization.registerClass(Scale);

describe('multiplyAdds', () => {
  it.each<[string, layers.Layer, Shape[], number]>([
    ['dense', layers.dense({ units: 5 }), [[4]], 4 * 5],
    ['dense over steps', layers.dense({ units: 5 }), [[3, 4]], 3 * 4 * 5],
    ['conv1d', layers.conv1d({ filters: 5, kernelSize: 3, padding: 'same' }), [[8, 2]], 8 * 3 * 2 * 5],
    ['conv2d', layers.conv2d({ filters: 5, kernelSize: 3, strides: 2 }), [[7, 7, 2]], 3 * 3 * 5 * 9 * 2],
    ['conv3d', layers.conv3d({ filters: 5, kernelSize: 3 }), [[4, 5, 6, 2]], 2 * 3 * 4 * 5 * 27 * 2],
    [
      'conv2dTranspose',
      layers.conv2dTranspose({ filters: 5, kernelSize: 2, strides: 2 }),
      [[3, 3, 2]],
      9 * 2 * 4 * 5,
    ],
    [
      'depthwiseConv2d',
      layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2 }),
      [[5, 5, 4]],
      9 * 8 * 9,
    ],
    [
      'separableConv2d',
      layers.separableConv2d({ filters: 6, kernelSize: 3, depthMultiplier: 2 }),
      [[5, 5, 4]],
      9 * 8 * 9 + 9 * 8 * 6,
    ],
    ['simpleRNN', layers.simpleRNN({ units: 5, recurrentInitializer }), [[7, 3]], 7 * (3 * 5 + 5 * 5)],
    ['lstm', layers.lstm({ units: 5, recurrentInitializer }), [[7, 3]], 7 * 4 * (3 * 5 + 5 * 5)],
    [
      'gru',
      layers.gru({ units: 5, returnSequences: true, recurrentInitializer }),
      [[7, 3]],
      7 * 3 * (3 * 5 + 5 * 5),
    ],
    [
      'bidirectional',
      layers.bidirectional({
        layer: layers.lstm({ units: 5, recurrentInitializer }) as layers.RNN,
        mergeMode: 'concat',
      }),
      [[7, 3]],
      2 * 7 * 4 * (3 * 5 + 5 * 5),
    ],
    ['timeDistributed', layers.timeDistributed({ layer: layers.dense({ units: 5 }) }), [[7, 3]], 7 * 3 * 5],
    ['dot of vectors', layers.dot({ axes: -1 }), [[6], [6]], 6],
    [
      'dot of matrices',
      layers.dot({ axes: 2 }),
      [
        [3, 6],
        [4, 6],
      ],
      3 * 4 * 6,
    ],
    ['batchNormalization', layers.batchNormalization(), [[6]], 0],
    ['embedding', layers.embedding({ inputDim: 9, outputDim: 3 }), [[6]], 0],
    ['pooling', layers.maxPooling2d({ poolSize: 2 }), [[6, 6, 2]], 0],
  ])('knows %s', (_name, layer, shapes, expected) => {
    expect(costOf(layer, ...shapes)).toBe(expected);
  });

  it('uses the method of the layers of this library', () => {
    expect(costOf(new ConcatFusion(), [3], [4, 5])).toBe(0);
  });

  it('counts each use of a shared layer, and the layers of nested models', () => {
    const x = input({ shape: [4] });
    const shared = layers.dense({ units: 4 });
    const inner = sequential({
      layers: [layers.dense({ units: 3, inputShape: [4] }), layers.dense({ units: 2 })],
    });
    const outputs = inner.apply(shared.apply(shared.apply(x))) as SymbolicTensor;
    expect(multiplyAdds(model({ inputs: x, outputs }))).toBe(2 * 16 + 12 + 6);
  });

  it('counts a sequential model that was never used', () => {
    const one = layers.dense({ units: 10, inputShape: [4] });
    expect(multiplyAdds(sequential({ layers: [one] }))).toBe(40);
    const first = layers.dense({ units: 10, inputShape: [4] });
    expect(multiplyAdds(sequential({ layers: [first, layers.dense({ units: 2 })] }))).toBe(60);
  });

  it('counts the uses of layers in the model, and not their uses elsewhere', () => {
    const x = input({ shape: [4] });
    const shared = layers.dense({ units: 4 });
    const once = shared.apply(x) as SymbolicTensor;
    shared.apply(once);
    expect(multiplyAdds(model({ inputs: x, outputs: once }))).toBe(16);
  });

  it('names a layer that it does not know, and ignores it with the option', () => {
    const x = input({ shape: [4] });
    const scaled = model({ inputs: x, outputs: new Scale({ name: 'mine' }).apply(x) as SymbolicTensor });
    expect(() => multiplyAdds(scaled)).toThrow(
      /^multiplyAdds of TestScale 'mine': got a layer with weights .*ignore: \['TestScale'\]/,
    );
    expect(() => multiplyAdds(scaled)).toThrow(CostError);
    expect(() => multiplyAdds(scaled, { ignored: ['TestScale'] } as object)).toThrow(
      'multiplyAdds.ignored: got an unknown option; expected ignore. Rename it.',
    );
    expect(multiplyAdds(scaled, { ignore: ['TestScale'] })).toBe(0);
    expect(multiplyAdds(scaled, { ignore: ['mine'] })).toBe(0);
  });

  it('names a layer of unknown size', () => {
    const conv = layers.conv2d({ filters: 2, kernelSize: 3, name: 'first' });
    expect(() => costOf(conv, [null, 8, 3])).toThrow(
      /^multiplyAdds of Conv2D 'first': got the shape \[null, null, 6, 2\].*to be known/,
    );
  });
});
