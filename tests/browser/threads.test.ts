import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chromiumFlags, chromiumIsMissing, chromiumPath } from './chromium.js';
import { publishedPage, wasmFiles } from './publishedPage.js';
import { serve } from './server.js';
import type { ThreadsFunctions, ThreadsResult } from './threadsPage.js';

const isMissing = chromiumIsMissing('Threads in a browser');

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

describe('threads of the wasm backend in Node', () => {
  /** The script's output, once its process has ended by itself. */
  const compute = async (threads: number): Promise<{ threads: number; values: number[] }> => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [here('threads.js'), `${threads}`],
      { maxBuffer: 2 ** 24, timeout: 30_000 },
    );
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  it('give the same bits as one thread, and the process ends by itself', async () => {
    const [one, three] = [await compute(1), await compute(3)];
    expect([one.threads, three.threads]).toEqual([1, 3]);
    expect(three.values).toEqual(one.values);
  });
});

describe.skipIf(isMissing)('threads of the wasm backend in a page that is cross-origin isolated', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>> | undefined;
  let browser: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amr-threads-'));
    await publishedPage('threadsPage.ts', folder);
    server = await serve(
      { '/page/': folder, '/wasm/': wasmFiles },
      { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' },
    );
    browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('share a heap, on which the kernels give what the cpu backend gives', async () => {
    const page = await browser!.newPage();
    // tfjs uses at most half of the cores.
    await page.addInitScript(() => Object.defineProperty(navigator, 'hardwareConcurrency', { get: () => 4 }));
    await page.goto(`${server!.url}/page/index.html`);
    await page.waitForFunction(() => document.title === 'ready');
    const result: ThreadsResult = await page.evaluate(() =>
      (globalThis as unknown as ThreadsFunctions).tryThreads(2),
    );
    expect(result).toMatchObject({ isolated: true, threads: 2, shared: true });
    result.values.cpu.forEach((value, i) => {
      // float32, summed in another order.
      expect(Math.abs(result.values.wasm[i]! - value)).toBeLessThan(1e-4 * value);
    });
  });
});
