import { graphModelOf, placeholder, twoInputGraph, twoInputLogits } from '@amr/testing/attacks/graphModels';
import { normal, predictionsOf, uniform, values } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { AttackInputError, AttackOptionsError, classifierOf, type Modalities, pgd } from '../../index.js';

const inputs: Modalities = { rgb: uniform([5, 6, 6, 2], 1), skeleton: normal([5, 5], 2) };
const logits = values(twoInputLogits(inputs));
/** Sums of a few products in another order: 1e-5 of values around 1. */
const close = (actual: tf.Tensor, expected: readonly number[]) => {
  expect(actual.size).toBe(expected.length);
  for (const [i, value] of values(actual).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
};

/** Counts how often a node is computed. */
function counting(model: Awaited<ReturnType<typeof twoInputGraph>>) {
  const runs: { outputs: string[]; given: string[] }[] = [];
  const execute = model.execute.bind(model);
  model.execute = (given, outputs) => {
    runs.push({ outputs: [outputs!].flat(), given: Object.keys(given) });
    return execute(given, outputs);
  };
  return runs;
}

describe('a GraphModel', () => {
  it.each(['logits', 'softmax'] as const)(
    'gives its logits when it ends in %s, and leaks nothing',
    async (end) => {
      const model = await twoInputGraph(end);
      const classifier = classifierOf(model);
      const before = tf.memory().numTensors;
      const z = classifier(inputs);
      close(z, logits);
      expect(tf.memory().numTensors).toBe(before + 1);
    },
  );

  it('gives [0, z] for one sigmoid unit, and z for several answers', async () => {
    const one = values(twoInputLogits(inputs, 1));
    close(
      classifierOf(await twoInputGraph('sigmoid', 1))(inputs),
      one.flatMap((z) => [0, z]),
    );
    const several = await twoInputGraph('sigmoid', 3);
    expect(() => classifierOf(several)(inputs)).toThrow(AttackInputError);
    expect(() => classifierOf(several)(inputs)).toThrow(
      /3 sigmoid units \(Sigmoid 'end'\), which are several answers; .*multiLabel/,
    );
    close(classifierOf(several, { multiLabel: true })(inputs), logits);
    expect(classifierOf(await twoInputGraph('sigmoid', 1), { multiLabel: true })(inputs).shape).toEqual([
      5, 1,
    ]);
  });

  it('takes other names of inputs, and an output by index, name or node', async () => {
    const model = await twoInputGraph('softmax');
    const renamed = { video: inputs.rgb!, pose: inputs.skeleton! };
    for (const output of [0, 'Identity', 'shaped', 'end', 'head', 'head:0']) {
      close(classifierOf(model, { inputs: ['video', 'pose'], output })(renamed), logits);
    }
    expect(() => classifierOf(model, { inputs: ['rgb'] })).toThrow(/2 inputs, \['rgb', 'skeleton'\]/);
    expect(() => classifierOf(model, { output: 'heads' })).toThrow(AttackOptionsError);
    expect(() => classifierOf(model, { output: 'heads' })).toThrow(/the name of a node, perhaps 'head'/);
    expect(() => classifierOf(model, { training: true })).toThrow(/^classifierOf\.training: got true/);
    expect(() => classifierOf(model)({ rgb: inputs.rgb! })).toThrow(
      /\['rgb', 'skeleton'\], which the model needs/,
    );
    expect(() => classifierOf(model)(inputs.rgb as never)).toThrow(
      /expected an object of tensors by modality/,
    );
  });

  it('takes the names of its signature', async () => {
    const shape = { dim: [{ size: -1 }, { size: 4 }] };
    const info = (name: string) => ({ name: `${name}:0`, dtype: 'DT_FLOAT', tensorShape: shape });
    const model = await graphModelOf(
      [
        placeholder('serving_default_x', [-1, 4]),
        { name: 'z', op: 'Tanh', input: ['serving_default_x'], attr: { T: { type: 'DT_FLOAT' } } },
        { name: 'StatefulCall', op: 'Softmax', input: ['z'], attr: { T: { type: 'DT_FLOAT' } } },
      ],
      {},
      { inputs: { x: info('serving_default_x') }, outputs: { classes: info('StatefulCall') } },
    );
    const x = normal([3, 4], 1);
    for (const output of [0, 'classes', 'StatefulCall']) {
      expect(values(classifierOf(model, { output })({ x }))).toEqual(values(tf.tanh(x)));
    }
    expect(values(classifierOf(model).observe!({ x }, ['classes', 'z']).values.classes!)).toEqual(
      values(tf.tanh(x)),
    );
  });

  it('has the gradients of its operations, and PGD finds the same points as on them', async () => {
    const classifier = classifierOf(await twoInputGraph('softmax'));
    const attack = pgd(
      { rgb: { norm: 'l2', epsilon: 0.5, range: [0, 1] }, skeleton: { norm: 'l2', epsilon: 0.5 } },
      { steps: 4 },
    );
    const labels = predictionsOf(classifier, inputs);
    const before = tf.memory().numTensors;
    const found = await attack.perturb(classifier, inputs, labels);
    expect(tf.memory().numTensors).toBe(before + 2);
    const expected = await attack.perturb((given) => twoInputLogits(given), inputs, labels);
    for (const name of ['rgb', 'skeleton']) {
      expect(values(found[name]!)).not.toEqual(values(inputs[name]!));
      close(found[name]!, values(expected[name]!));
    }
  });

  it('is observed by the names of nodes', async () => {
    const classifier = classifierOf(await twoInputGraph('softmax'));
    const before = tf.memory().numTensors;
    const seen = classifier.observe!(inputs, ['tanh', 'Identity', 'halves:1', 'end', 'skeleton']);
    expect(tf.memory().numTensors).toBe(before + 6);
    close(seen.logits, logits);
    close(seen.values.Identity!, logits);
    close(seen.values.end!, values(tf.softmax(twoInputLogits(inputs))));
    expect(seen.values['halves:1']!.shape).toEqual([5, 2]);
    expect(values(seen.values.skeleton!)).toEqual(values(inputs.skeleton!));
    expect(() => classifier.observe!(inputs, ['tnah'])).toThrow(
      /^The inner value that the loss needs: got 'tnah'; .*perhaps 'tanh'/,
    );
  });

  it.each([[['rgb']], [['skeleton']], [['rgb', 'skeleton']], [[]]])(
    'computes what depends on unchanging inputs once: %j',
    async (still) => {
      const model = await twoInputGraph('softmax');
      const classifier = classifierOf(model);
      const moved = {
        rgb: still.includes('rgb') ? inputs.rgb! : uniform([5, 6, 6, 2], 8),
        skeleton: still.includes('skeleton') ? inputs.skeleton! : normal([5, 5], 9),
      };
      const before = tf.memory().numTensors;
      const expected = values(classifier(moved));
      const frozen = classifier.frozen!(inputs, still);
      const runs = counting(model);
      // The values of the frozen inputs, whatever is given for them.
      const other = Object.fromEntries(
        Object.entries(moved).map(([name, x]) => [name, still.includes(name) ? tf.zerosLike(x) : x]),
      );
      for (const given of [moved, other]) expect(values(frozen(given))).toEqual(expected);
      const seen = frozen.observe!(moved, ['tanh', 'pooled', 'open']);
      expect(values(seen.logits)).toEqual(expected);
      const whole = classifier.observe!(moved, ['tanh', 'pooled', 'open']);
      for (const name of ['tanh', 'pooled', 'open']) {
        expect(values(seen.values[name]!)).toEqual(values(whole.values[name]!));
      }
      const given = runs[0]!.given.sort();
      if (still.join() === 'rgb') expect(given).toEqual(['pooled', 'rgb', 'skeleton']);
      if (still.join() === 'skeleton') expect(given).toEqual(['rgb', 'skeleton', 'tanh']);
      const slope = (f: typeof classifier) =>
        tf.grad((x) => tf.sum(tf.square(f({ ...moved, skeleton: x }))))(moved.skeleton);
      if (!still.includes('skeleton')) expect(values(slope(frozen))).toEqual(values(slope(classifier)));
      frozen.dispose();
      expect(() => frozen(moved)).toThrow(/disposed of/);
      expect(tf.memory().numTensors).toBeGreaterThan(before);
      tf.dispose([seen.logits, seen.values]);
    },
  );

  it('leaks nothing when frozen, also under attack', async () => {
    const classifier = classifierOf(await twoInputGraph('softmax'));
    const labels = predictionsOf(classifier, inputs);
    const before = tf.memory().numTensors;
    const found = await pgd({ skeleton: { norm: 'l2', epsilon: 0.5 } }, { steps: 3 }).perturb(
      classifier,
      inputs,
      labels,
    );
    tf.dispose(found);
    const frozen = classifier.frozen!(inputs, ['rgb']);
    tf.dispose([frozen(inputs), { ...frozen.observe!(inputs, ['open']).values }]);
    frozen.dispose();
    // The observed logits, which nothing disposed of.
    expect(tf.memory().numTensors).toBe(before + 1);
  });

  it('draws random numbers each time, although nothing in front of them changes', async () => {
    const float = { T: { type: 'DT_FLOAT' } };
    const random = {
      name: 'noise',
      op: 'RandomUniform',
      input: ['size'],
      attr: { dtype: { type: 'DT_FLOAT' } },
    };
    const model = await graphModelOf(
      [
        placeholder('x', [-1, 3]),
        placeholder('y', [-1, 3]),
        random,
        { name: 'noisy', op: 'Add', input: ['x', 'noise'], attr: float },
        { name: 'z', op: 'Add', input: ['noisy', 'y'], attr: float },
      ],
      { size: tf.tensor1d([2, 3], 'int32') },
    );
    const both = { x: normal([2, 3], 1), y: normal([2, 3], 2) };
    const frozen = classifierOf(model).frozen!(both, ['x']);
    expect(values(frozen(both))).not.toEqual(values(frozen(both)));
    frozen.dispose();
  });

  it('is refused when it ends in a fused sigmoid, whose logits are never computed', async () => {
    const attr = {
      T: { type: 'DT_FLOAT' },
      num_args: { i: 1 },
      fused_ops: { list: { s: ['BiasAdd', 'Sigmoid'].map((name) => Buffer.from(name).toString('base64')) } },
    };
    const model = await graphModelOf(
      [placeholder('x', [-1, 4]), { name: 'end', op: '_FusedMatMul', input: ['x', 'kernel', 'bias'], attr }],
      { kernel: normal([4, 3], 1), bias: normal([3], 2) },
    );
    expect(() => classifierOf(model)).toThrow(AttackInputError);
    expect(() => classifierOf(model)).toThrow(/ends in 'end', a _FusedMatMul with its sigmoid fused/);
  });

  it('names the batch size that it was exported for', async () => {
    const model = await graphModelOf([
      placeholder('x', [1, 3]),
      { name: 'z', op: 'Tanh', input: ['x'], attr: { T: { type: 'DT_FLOAT' } } },
    ]);
    const classifier = classifierOf(model, { inputs: ['sample'] });
    expect(classifier({ sample: normal([1, 3], 1) }).shape).toEqual([1, 3]);
    expect(() => classifier({ sample: normal([2, 3], 1) })).toThrow(AttackInputError);
    expect(() => classifier({ sample: normal([2, 3], 1) })).toThrow(
      /^inputs\.sample: got a batch of 2; expected 1, the batch size that the GraphModel was exported for\./,
    );
  });

  it('is refused when its output needs control flow, but not when an inner node does not', async () => {
    const float = { T: { type: 'DT_FLOAT' } };
    const model = await graphModelOf(
      [
        placeholder('x', [-1, 3]),
        { name: 'z', op: 'Tanh', input: ['x'], attr: float },
        { name: 'open', op: 'Greater', input: ['z', 'zero'], attr: float },
        { name: 'found', op: 'Where', input: ['open'] },
      ],
      { zero: tf.scalar(0) },
    );
    expect(() => classifierOf(model)).toThrow(AttackInputError);
    expect(() => classifierOf(model)).toThrow(
      /^classifierOf\.model: got a GraphModel whose output depends on 'found', a Where; expected a graph without control flow\./,
    );
    const x = normal([2, 3], 1);
    const inner = classifierOf(model, { output: 'z' });
    expect(values(inner({ x }))).toEqual(values(tf.tanh(x)));
    expect(() => inner.observe!({ x }, ['found'])).toThrow(/'found', a Where/);
  });
});
