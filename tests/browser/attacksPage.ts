import { AttackInputError, classifierOf, cw, pgd } from '@amr/attacks';
import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';

/** The default of recurrent layers calls a chained method of tensors, which tfjs-core alone doesn't register. */
const kernelInitializer = 'glorotUniform';
const values = async (x: tf.Tensor) => [...(await x.data())];

/** A Sequential that ends in softmax, which has predicted nothing yet. */
function softmaxModel() {
  const net = sequential();
  net.add(layers.dense({ units: 8, activation: 'tanh', inputShape: [6], kernelInitializer }));
  net.add(layers.dense({ units: 3, activation: 'softmax', kernelInitializer }));
  return net;
}

/** Attacks a model through its softmax and through its logits. */
async function attackSoftmax() {
  const net = softmaxModel();
  const x = tf.randomUniform([16, 6], 0, 1, 'float32', 3);
  const classifier = classifierOf(net, { inputs: ['x'] });
  const labels = tf.argMax(classifier({ x }), 1) as tf.Tensor1D;
  const logits = tf.softmax(classifier({ x }));
  const difference = tf.max(tf.abs(tf.sub(logits, net.predict(x) as tf.Tensor)));
  const attack = pgd({ x: { norm: 'linf', epsilon: 0.5, range: [0, 1] } });
  const refused = await attack
    .perturb(({ x }) => net.apply(x!) as tf.Tensor, { x }, labels)
    .then(
      () => 'attacked',
      (error) => (error instanceof AttackInputError ? error.message : String(error)),
    );
  const adversarial = await attack.perturb(classifier, { x }, labels);
  const kept = tf.mean(tf.cast(tf.equal(tf.argMax(classifier(adversarial), 1), labels), 'float32'));
  return { difference: (await values(difference))[0]!, refused, accuracy: (await values(kept))[0]! };
}

/** A range for each channel, and then clips of other tensors in the same process. */
async function attackByChannel() {
  const x = tf.tile(tf.tensor2d([[0.5, -1, 100]]), [4, 1]);
  const weights = tf.tensor2d([
    [1, -1],
    [1, -1],
    [0.01, -0.01],
  ]);
  const budget = {
    norm: 'linf' as const,
    epsilon: 0.2,
    scale: [1, 2, 100],
    range: [
      [0, -1.1, 90],
      [0.6, 1, 255],
    ] as [number[], number[]],
  };
  const attack = pgd({ x: budget }, { steps: 5 });
  const result = await attack.perturb(
    ({ x }) => tf.matMul(x!, weights),
    { x },
    tf.zeros([4], 'int32') as tf.Tensor1D,
  );
  return {
    row: (await values(result.x!)).slice(0, 3),
    clip: await values(tf.clipByValue(tf.tensor1d([-2, 0.5, 7]), 0, 1)),
  };
}

/** The relative length of the smallest perturbation in two units of the input. */
async function attackInUnits() {
  const x = tf.randomUniform([4, 5], 0.3, 0.7, 'float32', 1);
  const weights = tf.randomNormal([5, 3], 0, 1, 'float32', 2) as tf.Tensor2D;
  const lengths: number[][] = [];
  for (const unit of [1, 1000]) {
    const scaled = tf.mul(x, unit);
    const classifier = ({ x }: { [name: string]: tf.Tensor }) => tf.matMul(tf.div(x!, unit), weights);
    const labels = tf.argMax(classifier({ x: scaled }), 1) as tf.Tensor1D;
    const attack = cw(
      { x: { norm: 'l2', epsilon: Infinity, range: [0, unit] } },
      { steps: 100, binarySearchSteps: 5 },
    );
    const result = await attack.perturb(classifier, { x: scaled }, labels);
    lengths.push(await values(tf.div(tf.norm(tf.sub(result.x!, scaled), 2, 1), unit)));
  }
  return lengths;
}

/** PGD on padded sequences behind a Masking layer. */
async function attackMasked() {
  const series = input({ shape: [5, 2], name: 'series' });
  const masked = layers.masking({ maskValue: 0 }).apply(series) as SymbolicTensor;
  const state = layers
    .gru({ units: 4, recurrentInitializer: kernelInitializer })
    .apply(masked) as SymbolicTensor;
  const net = model({ inputs: series, outputs: layers.dense({ units: 2 }).apply(state) as SymbolicTensor });
  const whole = tf.randomUniform([3, 5, 2], 0.5, 1, 'float32', 4);
  const x = tf.mul(whole, tf.tensor3d([[[1], [1], [1], [0], [0]]]));
  const classifier = classifierOf(net);
  const labels = tf.argMax(classifier({ series: x }), 1) as tf.Tensor1D;
  const mask = tf.cast(tf.notEqual(x, 0), 'float32');
  const result = await pgd({ series: { norm: 'linf', epsilon: 0.2, mask } }, { steps: 3 }).perturb(
    classifier,
    { series: x },
    labels,
  );
  const moved = tf.max(tf.abs(tf.sub(result.series!, x)), [0, 2]);
  return values(moved);
}

/** The functions that the test calls. */
export type AttackFunctions = {
  attackSoftmax: typeof attackSoftmax;
  attackByChannel: typeof attackByChannel;
  attackInUnits: typeof attackInUnits;
  attackMasked: typeof attackMasked;
};

Object.assign(globalThis, {
  attackSoftmax,
  attackByChannel,
  attackInUnits,
  attackMasked,
} satisfies AttackFunctions);
await useBackend({ backend: 'wasm', wasmPaths: '/wasm/' });
document.title = 'ready';
