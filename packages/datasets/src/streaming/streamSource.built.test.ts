import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { streamSource } from './streamSource.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stream-'));
  for (const name of ['a', 'b']) {
    await mkdir(join(root, 'series', name), { recursive: true });
    for (const i of [0, 1]) await writeFile(join(root, 'series', name, `${i}.npy`), npy(i));
  }
});
afterAll(() => rm(root, { recursive: true }));

/** A .npy file of float32 [4, 2]. */
function npy(value: number): Uint8Array {
  const header = `${"{'descr': '<f4', 'fortran_order': False, 'shape': (4, 2), }".padEnd(117)}\n`;
  const start = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0);
  return Buffer.concat([start, Buffer.from(header), new Uint8Array(new Float32Array(8).fill(value).buffer)]);
}

it('streams a folder in threads as in the calling thread', async () => {
  const epochs = [];
  for (const workers of [0, 2]) {
    const dataset = await streamSource('folder', { root }, { workers, augmentation: { cropTime: 0.2 } });
    const values: number[][] = [];
    for await (const { inputs, labels } of dataset.batches({ batchSize: 3, seed: 1 })) {
      values.push([...labels.dataSync(), ...Object.values(inputs).flatMap((input) => [...input.dataSync()])]);
      tf.dispose([labels, ...Object.values(inputs)]);
    }
    await dataset.close();
    epochs.push(values);
  }
  expect(epochs[0]!.flat()).toHaveLength(4 + 4 * 8);
  expect(epochs[1]).toEqual(epochs[0]);
});
