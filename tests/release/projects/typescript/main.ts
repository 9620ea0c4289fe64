// A user's program in TypeScript. It is compiled under the module resolutions NodeNext and Bundler; the former's output is
// run.
import { type Attack, attackConditions, classifierOf, pgd, type ThreatModel } from '@amr/attacks';
import { type BackendChoice, useBackend } from '@amr/backend';
import { type Dataset, type DatasetError, fromArrays } from '@amr/datasets';
import { preparedFolder } from '@amr/datasets/node';
import { twoStream } from '@amr/encoders';
import { readTensorFile } from '@amr/formats';
import { AttentionModalityReweighter } from '@amr/layers';
import { evaluateRobustness, type RobustnessReport } from '@amr/train';
import { fileStore } from '@amr/train/node';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';

const choice: BackendChoice = await useBackend({ backend: 'wasm' });
const rgb = input({ shape: [4, 8, 8, 3], name: 'rgb' });
const skeleton = input({ shape: [10, 3], name: 'skeleton' });
const reweighted = new AttentionModalityReweighter().apply([rgb, skeleton]) as SymbolicTensor[];
const features = reweighted.map((tensor) => layers.flatten().apply(tensor) as SymbolicTensor);
const joined = layers.concatenate().apply(features) as SymbolicTensor;
const logits = layers.dense({ units: 5 }).apply(joined) as SymbolicTensor;
const network = model({ inputs: [rgb, skeleton], outputs: logits });

const inputs = {
  rgb: tf.randomUniform([2, 4, 8, 8, 3], 0, 1, 'float32', 1),
  skeleton: tf.randomNormal([2, 10, 3], 0, 1, 'float32', 2),
};
const both: ThreatModel | undefined = attackConditions({
  rgb: { norm: 'linf', epsilon: 0.1, range: [0, 1] },
  skeleton: { norm: 'linf', epsilon: 0.1 },
})['both'];
const attack: Attack = pgd(both!, { steps: 3 });
const adversarial = await attack.perturb(classifierOf(network), inputs, tf.tensor1d([0, 3], 'int32'));
const change: number[] = Object.entries(inputs).map(([name, clean]) =>
  Number(tf.max(tf.abs(tf.sub(adversarial[name]!, clean))).arraySync()),
);

const samples: Dataset = fromArrays({
  modalities: {
    rgb: { data: new Float32Array(inputs.rgb.dataSync()), shape: [4, 8, 8, 3], unit: 'intensity' },
    skeleton: { data: new Float32Array(inputs.skeleton.dataSync()), shape: [10, 3], unit: 'metres' },
  },
  labels: [0, 3],
  classes: ['drink', 'sit', 'stand', 'wave', 'clap'],
});
const report: RobustnessReport = await evaluateRobustness(classifierOf(network), samples, {
  budgets: { skeleton: { norm: 'linf', epsilon: 0.01 } },
});
const failure: DatasetError = await preparedFolder('no such folder').catch((error) => error);
console.log(
  JSON.stringify({
    backend: choice.backend,
    change: change.map((value) => Number(value.toFixed(4))),
    conditions: report.conditions,
    failure: failure.name,
    functions: [twoStream, readTensorFile, fileStore].map((value) => typeof value),
  }),
);
