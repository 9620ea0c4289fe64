// Made the model in foreign/: plain tfjs-layers, with nothing of this project in the model. Run it with
// `node examples/plug-in/dist/makeForeign.js` after a build; it writes over the files.
import { fileURLToPath } from 'node:url';
import { useBackend } from '@amr/backend';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, input, layers, model, type SymbolicTensor, sequential } from '@tensorflow/tfjs-layers';
import { modelFolder } from './files.js';
import { classes, gestures } from './gestures.js';

await useBackend();
let seed = 1;
const start = () => initializers.glorotUniform({ seed: seed++ });

const seen = sequential({ name: 'camera_branch' });
seen.add(layers.conv2d({ filters: 8, kernelSize: 3, activation: 'relu', inputShape: [12, 12, 1], kernelInitializer: start(), name: 'camera_conv1' })); // biome-ignore format: a layer a line
seen.add(layers.maxPooling2d({ poolSize: 2, name: 'camera_pool' }));
seen.add(layers.conv2d({ filters: 12, kernelSize: 3, activation: 'relu', kernelInitializer: start(), name: 'camera_conv2' })); // biome-ignore format: a layer a line
seen.add(layers.flatten({ name: 'camera_flatten' }));
const felt = sequential({ name: 'motion_branch' });
felt.add(layers.conv1d({ filters: 8, kernelSize: 5, activation: 'relu', inputShape: [24, 3], kernelInitializer: start(), name: 'motion_conv1' })); // biome-ignore format: a layer a line
felt.add(layers.conv1d({ filters: 12, kernelSize: 5, strides: 2, activation: 'relu', kernelInitializer: start(), name: 'motion_conv2' })); // biome-ignore format: a layer a line
felt.add(layers.flatten({ name: 'motion_flatten' }));

const camera = input({ shape: [12, 12, 1], name: 'camera' });
const motion = input({ shape: [24, 3], name: 'motion' });
const branches = [seen.apply(camera), felt.apply(motion)] as SymbolicTensor[];
const joined = layers.concatenate({ name: 'concatenate' }).apply(branches);
const hidden = layers.dense({ units: 16, activation: 'relu', kernelInitializer: start(), name: 'dense' });
const logits = layers.dense({ units: classes.length, kernelInitializer: start(), name: 'logits' });
const outputs = logits.apply(hidden.apply(joined)) as SymbolicTensor;
const gesture = model({ inputs: [camera, motion], outputs, name: 'gesture' });

const optimizer = tf.train.adam(0.005);
const train = gestures(400, 1);
for (let epoch = 0; epoch < 10; epoch++) {
  for await (const { inputs, labels } of train.batches({ batchSize: 40, seed: epoch })) {
    optimizer.minimize(() => {
      const scores = gesture.apply([inputs.camera!, inputs.motion!]) as tf.Tensor2D;
      return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, classes.length), scores) as tf.Scalar;
    });
    tf.dispose([inputs, labels]);
  }
}
await gesture.save(modelFolder(fileURLToPath(new URL('../foreign', import.meta.url))));
