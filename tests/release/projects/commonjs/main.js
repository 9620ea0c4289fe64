// A user's program in CommonJS: every package, both entries of those that have two, a model with the reweighter, PGD.
const { attackConditions, classifierOf, pgd, ThreatModelError } = require('@amr/attacks');
const { useBackend } = require('@amr/backend');
const { actionClips, DatasetError } = require('@amr/datasets');
const { preparedFolder } = require('@amr/datasets/node');
const { stgcn, twoStream } = require('@amr/encoders');
const { float32ValuesOf, readTensorFile, writeSafetensors } = require('@amr/formats');
const { AttentionModalityReweighter } = require('@amr/layers');
const { convertKeras3Json } = require('@amr/layers/keras');
const { AdversarialTrainer, evaluateRobustness } = require('@amr/train');
const { fileStore } = require('@amr/train/node');
const tf = require('@tensorflow/tfjs-core');
const { input, layers, model } = require('@tensorflow/tfjs-layers');

async function main() {
  await useBackend({ backend: 'wasm' });
  const rgb = input({ shape: [4, 8, 8, 3], name: 'rgb' });
  const skeleton = input({ shape: [10, 3], name: 'skeleton' });
  const reweighter = new AttentionModalityReweighter();
  const features = reweighter.apply([rgb, skeleton]).map((tensor) => layers.flatten().apply(tensor));
  const outputs = layers.dense({ units: 5 }).apply(layers.concatenate().apply(features));
  const network = model({ inputs: [rgb, skeleton], outputs });

  const inputs = {
    rgb: tf.randomUniform([2, 4, 8, 8, 3], 0, 1, 'float32', 1),
    skeleton: tf.randomNormal([2, 10, 3], 0, 1, 'float32', 2),
  };
  const labels = tf.tensor1d([0, 3], 'int32');
  const { both } = attackConditions({
    rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] },
    skeleton: { norm: 'linf', epsilon: 0.1 },
  });
  const adversarial = await pgd(both, { steps: 3 }).perturb(classifierOf(network), inputs, labels);
  const change = Object.keys(inputs).map((name) =>
    tf.max(tf.abs(tf.sub(adversarial[name], inputs[name]))).arraySync(),
  );

  const bias = { dtype: 'F32', shape: [1], bytes: new Uint8Array(Float32Array.of(7).buffer) };
  const { tensors } = readTensorFile(writeSafetensors({ tensors: new Map([['bias', bias]]), metadata: {} }));
  const clips = await actionClips({ samplesPerClass: 1, classes: 2, subjects: 1, resolution: 8 });
  const failure = await preparedFolder('no such folder').catch((error) => error);

  console.log(
    JSON.stringify({
      backend: tf.getBackend(),
      change: change.map((value) => Number(value.toFixed(4))),
      oneCopyOfLayers: reweighter instanceof layers.Layer,
      oneErrorClass: failure instanceof DatasetError,
      bias: [...float32ValuesOf(tensors.get('bias'))],
      clips: clips.size,
      functions: [
        convertKeras3Json,
        ThreatModelError,
        stgcn,
        twoStream,
        AdversarialTrainer,
        evaluateRobustness,
        fileStore,
      ].map((value) => typeof value),
    }),
  );
}

main();
