import { DatasetError, preparedUrl } from '@amr/datasets';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

/** A batch as plain numbers. */
export interface PlainBatch {
  /** Names of the samples. */
  ids: string[];
  /** Their classes. */
  labels: number[];
  /** Shape and values of each modality. */
  inputs: { [modality: string]: { shape: number[]; values: number[] } };
}

/** All batches of an epoch of the shards below an address, or the message of a DatasetError. */
async function readBatches(url: string): Promise<PlainBatch[] | string> {
  try {
    const dataset = await preparedUrl(url);
    const batches: PlainBatch[] = [];
    for await (const { ids, inputs, labels } of dataset.batches({ batchSize: 2, seed: 3 })) {
      const plain: PlainBatch['inputs'] = {};
      for (const [name, x] of Object.entries(inputs)) {
        plain[name] = { shape: x.shape, values: [...(await x.data())] };
      }
      batches.push({ ids, labels: [...(await labels.data())], inputs: plain });
      tf.dispose([inputs, labels]);
    }
    await dataset.close();
    return batches;
  } catch (error) {
    if (error instanceof DatasetError) return error.message;
    throw error;
  }
}

/** The functions that the test calls. */
export type PreparedFunctions = { readBatches: typeof readBatches };

Object.assign(globalThis, { readBatches } satisfies PreparedFunctions);
await tf.setBackend('cpu');
document.title = 'ready';
