import '@tensorflow/tfjs-backend-wasm';
import { normal, uniform } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type Classifier,
  checkEvaluation,
  classifierOf,
  minimalEpsilon,
  pgd,
  sharingBranches,
  square,
  type ThreatModel,
  UnsupportedOperationError,
  withPreprocessing,
} from '../index.js';

const inputs = () => ({ x: uniform([4, 6], 1), y: normal([4, 6], 2) });
const labels = () => tf.tensor1d([0, 1, 2, 0], 'int32');
const threatModel: ThreatModel = {
  x: { norm: 'linf', epsilon: 0.1 },
  y: { norm: 'linf', epsilon: 0.1 },
};
const attack = pgd(threatModel, { steps: 2 });
const weights = () => normal([6, 3], 3) as tf.Tensor2D;
const failure = (attempt: Promise<unknown>) =>
  attempt.then(
    () => undefined,
    (error: unknown) => error as UnsupportedOperationError,
  );

describe('operations that tfjs can not run or differentiate', () => {
  afterAll(() => tf.setBackend('cpu'));

  it('name the modality whose gradient is missing, and keep the cause', async () => {
    // Cumulative products have no gradient in tfjs.
    const classifier: Classifier = ({ x, y }) =>
      tf.add(
        tf.matMul(x as tf.Tensor2D, weights()),
        tf.slice(tf.cumprod(y!, 1), [0, 0], [4, 3]),
      ) as tf.Tensor2D;
    const given = inputs();
    const truth = labels();
    const before = tf.memory().numTensors;
    const error = await failure(attack.perturb(classifier, given, truth));
    expect(error).toBeInstanceOf(UnsupportedOperationError);
    expect(error).toMatchObject({
      code: 'AMR_UNSUPPORTED_OPERATION',
      operation: 'Cumprod',
      modalities: ['y'],
      cause: expect.objectContaining({ message: expect.stringContaining('gradient function not found') }),
    });
    expect(error!.message).toBe(
      "gradient of 'y': got the operation Cumprod, of which tfjs has no gradient; expected operations that the backend can differentiate. Compute the same by other operations, give it a gradient with bpda, or use an attack without gradients, such as square.",
    );
    tf.dispose([given, truth]);
    expect(tf.memory().numTensors).toBeLessThanOrEqual(before);
    // As the message says.
    await square(threatModel, { queries: 3 }).perturb(classifier, inputs(), labels());
  });

  it('name the backend without the kernel, in the forward and the backward pass', async () => {
    await tf.setBackend('wasm');
    const missing: Classifier = ({ x }) => tf.einsum('ij,jk->ik', x!, weights()) as tf.Tensor2D;
    const runs = [
      attack.perturb(missing, inputs(), labels()),
      attack.perturb(missing, inputs(), labels(), { targets: 'least-likely' }),
      minimalEpsilon(missing, inputs(), labels(), { threatModel }),
    ];
    for (const run of runs) {
      const error = await failure(run);
      expect(error).toBeInstanceOf(UnsupportedOperationError);
      expect(error!.modalities).toEqual([]);
      expect(error!.message).toMatch(
        /^classifier: got the operation Einsum, which the backend 'wasm' does not have; .*useBackend\(\) of @amr\/backend/,
      );
    }

    const model = tfl.sequential();
    model.add(tfl.layers.depthwiseConv2d({ kernelSize: 2, inputShape: [4, 4, 2] }));
    model.add(tfl.layers.flatten());
    model.add(tfl.layers.dense({ units: 3 }));
    const rgb = uniform([4, 4, 4, 2], 1);
    const classifier = classifierOf(model, { inputs: ['rgb'] });
    const error = await failure(
      pgd({ rgb: { norm: 'linf', epsilon: 0.1 } }).perturb(classifier, { rgb }, labels()),
    );
    expect(error).toBeInstanceOf(UnsupportedOperationError);
    expect(error!.message).toMatch(
      /^gradient of 'rgb': got the operation DepthwiseConv2dNativeBackprop\w+, which the backend 'wasm' does not have/,
    );
  });

  it('leave other errors as they are', async () => {
    const own = new Error('of the caller');
    const classifier: Classifier = () => {
      throw own;
    };
    expect(await failure(attack.perturb(classifier, inputs(), labels()))).toBe(own);
  });
});

describe('a model in place of a classifier', () => {
  const model = tfl.sequential();
  model.add(tfl.layers.dense({ units: 3, inputShape: [6] }));
  const graph = { inputs: [], outputs: [], execute() {}, executeAsync() {} };

  it.each([
    ['a model', model, /^classifier: got a model; .*Wrap it in classifierOf\(model\)\.$/],
    ['a GraphModel', graph, /^classifier: got a model/],
    ['a promise', Promise.resolve(model), /^classifier: got a promise; .*Await the model/],
    ['undefined', undefined, /^classifier: got undefined; .*classifierOf\(model\)/],
  ])('has its own error: %s', async (_, given, message) => {
    const classifier = given as unknown as Classifier;
    await expect(attack.perturb(classifier, inputs(), labels())).rejects.toThrow(message);
    await expect(minimalEpsilon(classifier, inputs(), labels(), { threatModel })).rejects.toThrow(message);
    await expect(
      checkEvaluation(classifier, inputs(), labels(), { threatModel, attack: (own) => pgd(own) }),
    ).rejects.toThrow(message);
    expect(() => sharingBranches(classifier)).toThrow(message);
    expect(() => withPreprocessing(classifier, {})).toThrow(message);
  });
});
