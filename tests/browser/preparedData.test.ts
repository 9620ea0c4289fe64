import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, preparedFolder, type SourceFormat } from '@amr/datasets/node';
import { random } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumFlags, chromiumIsMissing, chromiumPath } from './chromium.js';
import type { PlainBatch, PreparedFunctions } from './preparedPage.js';
import { publishedPage } from './publishedPage.js';
import { serve } from './server.js';

/** Five samples of random numbers: a skeleton, and a video of an odd number of bytes. */
const randomSamples: SourceFormat<object> = {
  name: 'random',
  list: async () => ({
    dataset: 'random',
    classes: ['even', 'odd'],
    modalities: {
      video: { dtype: 'uint8', shape: [3, 3, 3, 1], kind: 'video', unit: 'intensity' },
      skeleton: { dtype: 'float32', shape: [1, 2, 2, 3], kind: 'skeleton', unit: 'metres' },
    },
    samples: Array.from({ length: 5 }, (_, i) => ({
      id: `s${i}`,
      label: i % 2,
      tags: { subject: i },
      files: {},
    })),
    splits: {},
    skipped: [],
  }),
  read: async ({ id }) => {
    const r = random('prepared', id);
    return {
      arrays: {
        video: Uint8Array.from({ length: 27 }, () => r.integer(256)),
        skeleton: Float32Array.from({ length: 12 }, () => r.normal()),
      },
    };
  },
};
/** Two samples of 27 + 48 bytes. */
const SHARD_BYTES = 150;

const isMissing = chromiumIsMissing('Prepared data in a browser');

describe.skipIf(isMissing)('prepared shards in a browser', () => {
  let folder: string;
  let data: string;
  let servers: { [kind in 'ranges' | 'whole']: Awaited<ReturnType<typeof serve>> };
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amr-prepared-'));
    data = join(folder, 'data');
    const pages = join(folder, 'page');
    mkdirSync(pages);
    const { shards } = await prepare(randomSamples, {}, { out: data, workers: 0, shardBytes: SHARD_BYTES });
    expect(shards).toBe(3);
    await publishedPage('preparedPage.ts', pages);
    const paths = { '/page/': pages, '/data/': data };
    servers = { ranges: await serve(paths, {}, { ranges: true }), whole: await serve(paths) };
    browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
  });
  afterAll(async () => {
    await browser?.close();
    await Promise.all(Object.values(servers ?? {}).map((server) => server.close()));
    rmSync(folder, { recursive: true, force: true });
  });

  /** What the page reads, and the statuses of the answers to its requests for shards. */
  async function read(kind: 'ranges' | 'whole') {
    const { url } = servers[kind];
    const page: Page = await browser!.newPage();
    const answers: number[] = [];
    page.on('response', (response) => {
      if (response.url().includes('/shards/')) answers.push(response.status());
    });
    await page.goto(`${url}/page/index.html`);
    await page.waitForFunction(() => document.title === 'ready');
    const result = await page.evaluate(
      (path) => (globalThis as unknown as PreparedFunctions).readBatches(path),
      '/data',
    );
    await page.close();
    return { result, answers };
  }

  it('give the same tensors as their folder in Node, by ranges and as whole files', async () => {
    const dataset = await preparedFolder(data, { workers: 0 });
    const expected: PlainBatch[] = [];
    for await (const { ids, inputs, labels } of dataset.batches({ batchSize: 2, seed: 3 })) {
      const entries = Object.entries(inputs);
      const plain = entries.map(([name, x]) => [name, { shape: x.shape, values: [...x.dataSync()] }]);
      expected.push({ ids, labels: [...labels.dataSync()], inputs: Object.fromEntries(plain) });
      tf.dispose([inputs, labels]);
    }
    await dataset.close();
    expect(expected.map(({ ids }) => ids.length)).toEqual([2, 2, 1]);

    const byRanges = await read('ranges');
    expect(byRanges.result).toEqual(expected);
    expect(new Set(byRanges.answers)).toEqual(new Set([206]));
    const whole = await read('whole');
    expect(whole.result).toEqual(expected);
    expect(new Set(whole.answers)).toEqual(new Set([200]));
  });

  it('throw a DatasetError with the file and the offset where they are damaged', async () => {
    const shard = join(data, 'shards', '00001.safetensors');
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(shard, bytes);
    const { result } = await read('ranges');
    expect(result).toMatch(
      /\/data\/shards\/00001\.safetensors, byte \d+: 'skeleton' of sample 's3': got the CRC-32/,
    );
  });
});
