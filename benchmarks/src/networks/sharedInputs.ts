import { readFileSync, writeFileSync } from 'node:fs';
import { loadData } from '@amr/example-quickstart/data';
import { readSafetensors, type SafetensorsEntry, safetensorsValues, writeSafetensors } from '@amr/formats';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel, LayerVariable } from '@tensorflow/tfjs-layers';
import { budgets } from './budgets.js';
import { type Case, quickstart } from './cases.js';
import { seededValues } from './seededValues.js';
import { tasks } from './tasks.js';

/** The network's weights and the samples of a case, as every runner reads them. */
export interface BenchmarkInputs {
  /** By `<layer>/<weight>`. */
  weights: Map<string, tf.Tensor>;
  /** By modality. */
  inputs: { [modality: string]: tf.Tensor };
  /** [samples], int32. */
  labels: tf.Tensor1D;
}

/**
 * Writes the runners' inputs: random weights, a batch (or the quickstart's training clips), and, for PyTorch, the
 * layers' configs, the budgets and the tasks.
 */
export async function writeSharedInputs(file: string, subject: Case, model: LayersModel): Promise<void> {
  const tensors = new Map<string, SafetensorsEntry>();
  const draw = seededValues(1);
  for (const [name, { shape }] of weightsOf(model)) {
    const sizes = shape as number[];
    tensors.set(`weights/${name}`, floats(sizes, draw.weight(name.split('/').at(-1)!, sizes)));
  }
  const { inputs, labels } = subject.name === 'quickstart' ? await clips() : batchOf(model, subject.batch);
  for (const [modality, entry] of Object.entries(inputs)) tensors.set(`inputs/${modality}`, entry);
  tensors.set('labels', { dtype: 'I32', shape: [labels.length], bytes: bytesIn(Int32Array.from(labels)) });
  const benchmark = {
    layers: Object.fromEntries(model.layers.map((layer) => [layer.name, layer.getConfig()])),
    modalities: model.inputNames,
    budgets,
    tasks,
    training: { ...quickstart.training, batchSize: subject.batch },
  };
  writeFileSync(file, writeSafetensors({ tensors, metadata: { benchmark: JSON.stringify(benchmark) } }));
}

/** Reads the inputs, the first `batch` samples of each. Needs a backend. */
export function readSharedInputs(file: string, batch?: number): BenchmarkInputs {
  const shared: BenchmarkInputs = { weights: new Map(), inputs: {}, labels: tf.tensor1d([], 'int32') };
  for (const [name, entry] of readSafetensors(readFileSync(file)).tensors) {
    const { values, shape } = safetensorsValues(entry);
    const [kind, ...rest] = name.split('/');
    const rows = kind === 'weights' ? undefined : batch;
    const sizes = rows === undefined ? shape : [rows, ...shape.slice(1)];
    const all = values as Float32Array | Int32Array;
    const tensor = tf.tensor(
      all.subarray(0, tf.util.sizeFromShape(sizes)),
      sizes,
      kind === 'labels' ? 'int32' : 'float32',
    );
    if (kind === 'weights') shared.weights.set(rest.join('/'), tensor);
    else if (kind === 'inputs') shared.inputs[rest[0]!] = tensor;
    else shared.labels = tensor as tf.Tensor1D;
  }
  return shared;
}

/** Gives the model its weights and frees them. */
export function setWeights(model: LayersModel, weights: BenchmarkInputs['weights']): void {
  for (const [name, variable] of weightsOf(model)) {
    const value = weights.get(name);
    if (!value || String(value.shape) !== String(variable.shape)) {
      throw new Error(
        `the file has no weight ${name} of shape [${variable.shape}]: it was written for another network`,
      );
    }
    variable.write(value);
    value.dispose();
  }
}

function weightsOf(model: LayersModel): [name: string, variable: LayerVariable][] {
  return model.layers.flatMap((layer) =>
    layer.weights.map((variable): [string, LayerVariable] => [
      `${layer.name}/${variable.originalName.split('/').at(-1)}`,
      variable,
    ]),
  );
}

function batchOf(model: LayersModel, batch: number) {
  const draw = seededValues(2);
  const inputs: { [modality: string]: SafetensorsEntry } = {};
  for (const { shape, name } of model.inputs.map(({ shape }, i) => ({ shape, name: model.inputNames[i]! }))) {
    const sizes = [batch, ...(shape.slice(1) as number[])];
    inputs[name] = floats(sizes, name === 'skeleton' ? draw.spread(sizes, 0.5) : draw.between(sizes, 0, 1));
  }
  const classes = (model.outputs[0]!.shape as number[]).at(-1)!;
  return { inputs, labels: Array.from({ length: batch }, (_, i) => i % classes) };
}

async function clips() {
  const { train } = await loadData(quickstart.data);
  const inputs: { [modality: string]: SafetensorsEntry } = {};
  for (const [modality, { data, shape }] of Object.entries(train.modalities)) {
    const values = data instanceof Uint8Array ? Float32Array.from(data, (byte) => byte / 255) : data;
    inputs[modality] = floats([train.labels.length, ...shape], values);
  }
  return { inputs, labels: train.labels };
}

const floats = (shape: number[], values: Float32Array): SafetensorsEntry => ({
  dtype: 'F32',
  shape,
  bytes: bytesIn(values),
});

/** The bytes of numbers; a copy where they are shared memory, which files don't take. */
function bytesIn(values: Float32Array | Int32Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = values;
  const bytes = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  return buffer instanceof SharedArrayBuffer ? Uint8Array.from(bytes) : bytes;
}
