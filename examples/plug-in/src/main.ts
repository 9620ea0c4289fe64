import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Budget, classifierOf, pgd } from '@amr/attacks';
import { useBackend } from '@amr/backend';
import { insertAmr } from '@amr/layers';
import { AdversarialTrainer, compareReports, evaluateRobustness } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, loadLayersModel } from '@tensorflow/tfjs-layers';
import { modelFolder } from './files.js';
import { gestures } from './gestures.js';

const { values: flags } = parseArgs({
  options: { out: { type: 'string', default: 'runs/plug-in' }, epochs: { type: 'string', default: '15' } },
});
await useBackend();

// A Keras model, converted for tfjs: two nested branches, a camera's and an accelerometer's.
const foreign = await loadLayersModel(modelFolder(fileURLToPath(new URL('../foreign', import.meta.url))));
const plugged = insertAmr(foreign, {
  at: ['camera_branch/camera_conv2', 'motion_branch/motion_conv2'],
  granularity: 'channel',
  seed: 1,
});

// Plugging AMR in changes no prediction.
const [train, test] = [gestures(400, 1), gestures(200, 2)];
for await (const { inputs, labels } of test.batches({ batchSize: 200 })) {
  const [before, after] = [foreign, plugged].map((one) => one.predict(Object.values(inputs)) as tf.Tensor);
  const difference = tf.max(tf.abs(tf.sub(before!, after!))).dataSync()[0];
  console.log(`Largest change of a logit by plugging in: ${difference}`);
  tf.dispose([before!, after!, inputs, labels]);
}

// How robust the model is when the picture, the accelerations or both change a little: PGD with 20 steps.
const budgets: { [input: string]: Budget } = {
  camera: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] },
  motion: { norm: 'linf', epsilon: 0.3 },
};
const attacked = (model: LayersModel) => evaluateRobustness(classifierOf(model), test, { budgets });
const before = await attacked(foreign);

// Some epochs of adversarial training, with PGD-4 on both inputs.
const trainer = new AdversarialTrainer({
  model: plugged,
  objective: 'cross-entropy',
  optimizer: tf.train.adam(0.003),
  attack: pgd(budgets, { steps: 4 }),
  batchSize: 40,
  seed: 1,
});
await trainer.fit(train, { epochs: Number(flags.epochs) });
const after = await attacked(plugged);
console.log(
  compareReports({ 'as loaded': before, 'with AMR, trained': after }, { baseline: 'as loaded' }).toText(),
);

await plugged.save(modelFolder(flags.out));
console.log(`Saved to ${flags.out}; it loads after \`import '@amr/layers'\`.`);
