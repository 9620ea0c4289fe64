import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writePrepared } from './preparedClips.fixture.js';
import { preparedFolder } from './preparedFolder.js';
import { preparedUrl } from './preparedUrl.js';

let root: string;
let server: Server;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'served-'));
  await writePrepared(root, 7);
  server = createServer(async (request, response) => {
    const file = join(root, ...request.url!.split('/'));
    const { size } = await stat(file);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    const [from, to] = range ? [Number(range[1]), Math.min(size - 1, Number(range[2]))] : [0, size - 1];
    const handle = await open(file);
    const bytes = Buffer.alloc(to - from + 1);
    await handle.read(bytes, 0, bytes.length, from);
    await handle.close();
    response.writeHead(range ? 206 : 200, {
      'content-length': bytes.length,
      'accept-ranges': 'bytes',
      ...(range && { 'content-range': `bytes ${from}-${to}/${size}` }),
    });
    response.end(bytes);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true });
});

async function values(dataset: Dataset): Promise<number[]> {
  const all: number[] = [];
  for await (const { inputs, labels } of dataset.batches({ batchSize: 3, seed: 1, epoch: 1 })) {
    for (const tensor of [labels, inputs['rgb']!, inputs['skeleton']!]) {
      all.push(...tensor.dataSync());
    }
    tf.dispose([labels, ...Object.values(inputs)]);
  }
  return all;
}

it('gives what the folder gives', async () => {
  const options = { sampling: 'dense', frames: 4, augmentation: { roll: 10, mirror: 0.5 } } as const;
  const { port } = server.address() as AddressInfo;
  const served = await preparedUrl(`http://127.0.0.1:${port}`, options);
  const local = await preparedFolder(root, { ...options, workers: 0 });
  expect(served.modalities).toEqual(local.modalities);
  expect(await values(served)).toEqual(await values(local));
  await served.close();
  await local.close();
});
