import { fusionCases } from '@amr/testing/layers/fusions';
import { reloaded } from '@amr/testing/networks/reloaded';
import { expectGradientsOfDifferences } from '@amr/testing/tensors/gradients';
import * as tf from '@tensorflow/tfjs-core';
import { input, type layers, model } from '@tensorflow/tfjs-layers';
import { describe, expect, it, vi } from 'vitest';
import { LayerError } from '../errors.js';
import { ConcatFusion } from './concatFusion.js';
import type { FusionLayer } from './fusionLayer.js';

const cases = fusionCases.map((one) => ({ ...one, name: one.layer().getClassName() }));

const random = (shapes: number[][], seed: number, batch = 3) =>
  shapes.map((shape, m) => tf.randomNormal([batch, ...shape], 0, 1, 'float32', seed + m));

/** The outputs as a list, also for a single one. */
const outputsOf = (layer: FusionLayer, inputs: tf.Tensor[]) => [layer.apply(inputs)].flat() as tf.Tensor[];

/** The options as fields of the layer: a field that getConfig forgets shows here. */
function optionsOf(layer: layers.Layer) {
  const isPlain = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.every((entry) => typeof entry === 'number')
      : ['number', 'string', 'boolean'].includes(typeof value);
  const ofAnyLayer = new ConcatFusion();
  return Object.fromEntries(
    Object.entries(layer).filter(([key, value]) => !(key in ofAnyLayer) && isPlain(value)),
  );
}

/** Gives every weight a random value. */
function scatterWeights(layer: FusionLayer, seed: number): void {
  layer.setWeights(layer.getWeights().map((w, i) => tf.randomNormal(w.shape, 0, 1, 'float32', seed + i)));
}

describe.each(cases)('$name $title', ({ name, layer: create, shapes }) => {
  it('has the same symbolic shapes as for tensors, at any batch size', () => {
    const layer = create();
    const inputs = shapes.map((shape) => input({ shape }));
    const symbolic = [layer.apply(inputs)].flat().map(({ shape }) => shape);
    for (const batch of [1, 3]) {
      const real = outputsOf(layer, random(shapes, 1, batch)).map(({ shape }) => shape);
      expect(real).toEqual(symbolic.map(([, ...rest]) => [batch, ...rest]));
    }
    expect(symbolic.every(([batch]) => batch === null)).toBe(true);
  });

  it('returns what its role says', () => {
    const layer = create();
    const outputs = outputsOf(layer, random(shapes, 1));
    const returnsWeights = layer.getConfig()['returnWeights'] === true;
    const fused = outputs.slice(0, outputs.length - (returnsWeights ? 1 : 0));
    if (layer.role === 'exchange') {
      expect(fused.map(({ shape }) => shape)).toEqual(shapes.map((shape) => [3, ...shape]));
    } else {
      expect(fused.map(({ rank }) => rank)).toEqual([2]);
    }
  });

  it('has the same config and outputs after saving and loading', async () => {
    const layer = create();
    const inputs = shapes.map((shape) => input({ shape }));
    const original = model({ inputs, outputs: layer.apply(inputs) as typeof inputs });
    scatterWeights(layer, 3);
    const copy = await reloaded(original);
    const loaded = copy.getLayer(layer.name);
    expect(loaded.getClassName()).toBe(name);
    expect(loaded.getConfig()).toEqual(layer.getConfig());
    expect(optionsOf(loaded)).toEqual(optionsOf(layer));
    const x = random(shapes, 5);
    const [before, after] = [original, copy].map((one) =>
      [one.predict(x) as tf.Tensor].flat().map((y) => y.dataSync()),
    );
    expect(after).toEqual(before);
  });

  it('refuses an option that it does not know, and accepts those of every tfjs layer', () => {
    const layer = create();
    const Layer = layer.constructor as new (config: object) => FusionLayer;
    const config = layer.getConfig();
    const misspelt = () => new Layer({ ...config, nmae: 'fusion' });
    expect(misspelt).toThrow(LayerError);
    expect(misspelt).toThrow(`${name}.nmae: got an unknown option; expected name. Rename it.`);
    expect(() => new Layer([])).toThrow(`${name}: got []; expected an object`);
    const ofTfjs = { trainable: false, inputShape: [2], batchSize: 3, inputDType: 'float32', weights: [] };
    expect(new Layer({ ...config, ...ofTfjs, customObjects: {} }).trainable).toBe(false);
  });

  it('has the gradients of finite differences for its inputs', () => {
    const layer = create();
    const inputs = random(shapes, 11);
    layer.apply(inputs);
    scatterWeights(layer, 13);
    // All outputs in one tensor: tfjs refuses the gradient of an output with respect to an input that it does not depend on.
    const values = (...xs: tf.Tensor[]) => tf.concat(outputsOf(layer, xs).map((y) => tf.reshape(y, [-1])));
    expectGradientsOfDifferences(values, inputs);
  });

  it('has the gradients of finite differences for each of its weights', () => {
    const layer = create();
    const inputs = random(shapes, 17);
    layer.apply(inputs);
    scatterWeights(layer, 19);
    const along = random(
      outputsOf(layer, inputs).map(({ shape }) => shape.slice(1)),
      23,
    );
    const objective = () =>
      tf.addN(outputsOf(layer, inputs).map((y, i) => tf.sum(tf.mul(y, along[i]!)))) as tf.Scalar;
    if (layer.trainableWeights.length === 0) return; // tf.variableGrads refuses an empty list
    const { grads } = tf.variableGrads(objective);
    const trained = layer.trainableWeights.map((variable) => variable.read() as tf.Variable);
    for (const [i, variable] of trained.entries()) {
      const start = tf.clone(variable);
      const direction = tf.randomNormal(start.shape, 0, 1, 'float32', 29 + i);
      const unit = tf.div(direction, tf.norm(direction));
      const at = (step: number) => {
        variable.assign(tf.add(start, tf.mul(unit, step)));
        return objective().dataSync()[0]!;
      };
      const slope = (at(1e-2) - at(-1e-2)) / 2e-2;
      variable.assign(start);
      const predicted = tf.sum(tf.mul(grads[variable.name]!, unit)).dataSync()[0]!;
      expect(Math.abs(predicted - slope), `${variable.name}: ${predicted}, slope ${slope}`).toBeLessThan(
        0.02 * Math.max(1, Math.abs(slope)),
      );
    }
  });

  it('leaves no tensor behind', () => {
    const layer = create();
    const inputs = random(shapes, 1);
    tf.dispose(outputsOf(layer, inputs));
    const before = tf.memory().numTensors;
    tf.dispose(outputsOf(layer, inputs));
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes its initial values from its seed, different for each weight, without the global generator', () => {
    const generator = vi.spyOn(Math, 'random');
    const initial = () => {
      const layer = create();
      layer.build(shapes.map((shape) => [null, ...shape]));
      return layer.getWeights().map((w) => w.dataSync());
    };
    const drawn = initial();
    expect(generator).not.toHaveBeenCalled();
    generator.mockRestore();
    expect(initial()).toEqual(drawn);
    const random = drawn.filter((values) => new Set(values).size > 1).map((values) => values[0]);
    expect(new Set(random).size).toBe(random.length);
  });

  it('refuses features that it cannot fuse, by its name', () => {
    expect(() => create().apply(random(shapes, 1).slice(0, 1))).toThrow(`${name}: got`);
    const uneven = [...random(shapes.slice(0, -1), 1, 2), ...random(shapes.slice(-1), 1, 3)];
    expect(() => create().apply(uneven)).toThrow(/same batch size/);
  });

  it('refuses other channel counts than those of its weights', () => {
    const layer = create();
    const inputs = random(shapes, 1);
    layer.apply(inputs);
    if (layer.weights.length === 0) return;
    const refused = `${name}: got features of`;
    expect(() => layer.apply([...inputs, tf.ones([3, 2])])).toThrow(refused);
    expect(() => layer.apply([...inputs.slice(0, -1), tf.ones([3, 9])])).toThrow(refused);
    expect(() => layer.apply([...shapes, [9]].map((shape) => input({ shape })))).toThrow(refused);
  });
});
