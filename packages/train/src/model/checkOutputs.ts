import { refuseProbabilities } from '@amr/attacks';
import type { Batch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { runModel } from './modelOutputs.js';
import type { TrainablePorts } from './trainablePorts.js';

/**
 * Refuses outputs that are probabilities where the loss takes them for logits. Only the structure of the usual endings is
 * known in advance; this finds the others, such as an average of several softmaxes.
 * @throws {AttackInputError} that names the output
 */
export async function checkOutputs(ports: TrainablePorts, { inputs }: Batch): Promise<void> {
  const outputs = tf.tidy(() => runModel(ports.forward, ports, inputs, false));
  try {
    for (const name of ['logits', ...ports.auxiliary]) {
      await refuseProbabilities(outputs[name]!, `The model's output for '${name}'`);
    }
  } finally {
    tf.dispose(outputs);
  }
}
