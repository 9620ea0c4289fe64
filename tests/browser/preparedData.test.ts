import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { preparedFolder } from '@amr/datasets/node';
import * as tf from '@tensorflow/tfjs-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  shardPath,
  someSamples,
  writePrepared,
} from '../../packages/datasets/src/prepared/preparedShards.fixture.js';
import { missingBuilds, skipped } from '../builds.js';
import { chromiumFlags, chromiumPath } from './chromium.js';
import type { PlainBatch, PreparedFunctions } from './preparedPage.js';
import { publishedPage } from './publishedPage.js';
import { serve } from './server.js';

const unbuilt = missingBuilds(['@amr/datasets']);
const reason = unbuilt || (existsSync(chromiumPath) ? '' : `There is no ${chromiumPath}`);
if (reason) {
  const remedy = unbuilt
    ? 'Run `pnpm build` first; `pnpm test` does.'
    : 'Install it, or set CHROMIUM_PATH to where Chromium or Chrome is.';
  skipped('Prepared data in a browser', reason, remedy);
}

describe.skipIf(reason)('prepared shards in a browser', () => {
  let folder: string;
  let data: string;
  let servers: { [kind in 'ranges' | 'whole']: Awaited<ReturnType<typeof serve>> };
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amr-prepared-'));
    data = join(folder, 'data');
    const pages = join(folder, 'page');
    mkdirSync(pages);
    await writePrepared(data, someSamples(5), 2);
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

  /** What the page reads, and the answers of the server to its requests for shards. */
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

  it('give the tensors that Node reads from their folder, by ranges and as whole files', async () => {
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

  it('are errors where they are damaged', async () => {
    const bytes = readFileSync(shardPath(data, 1));
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(shardPath(data, 1), bytes);
    const { result } = await read('ranges');
    expect(result).toMatch(
      /\/data\/shards\/00001\.safetensors, byte \d+: 'skeleton' of sample 's3' has the CRC/,
    );
  });
});
