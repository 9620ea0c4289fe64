// Another process: imports one package of this repository, loads the model of each folder, and prints the model's outputs for
// the folder's sample as JSON.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';

const [importedPackage, ...folders] = process.argv.slice(2);
await import(importedPackage);
await tf.setBackend('cpu');

const results = [];
for (const folder of folders) {
  const { modelTopology, weightsManifest } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8'));
  const { buffer, byteOffset, byteLength } = readFileSync(join(folder, 'weights.bin'));
  const weightData = buffer.slice(byteOffset, byteOffset + byteLength);
  const model = await loadLayersModel(
    tf.io.fromMemory({ modelTopology, weightSpecs: weightsManifest[0].weights, weightData }),
  );
  const { inputs } = JSON.parse(readFileSync(join(folder, 'sample.json'), 'utf8'));
  const outputs = [model.predict(inputs.map(({ values, shape }) => tf.tensor(values, shape)))].flat();
  results.push(outputs.map((y) => [...y.dataSync()]));
}
process.stdout.write(JSON.stringify(results));
