import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everyModel } from '../everyModel.js';
import { type Sample, saveWithSample } from '../savedModel.js';
import { chromiumFlags, chromiumIsMissing, chromiumPath } from './chromium.js';
import type { PageFunctions } from './modelsPage.js';
import { publishedPage, wasmFiles } from './publishedPage.js';
import { serve } from './server.js';

const isMissing = chromiumIsMissing('The tests of models in a browser');

describe.skipIf(isMissing)('in a browser, on the wasm backend', () => {
  const models = Object.values(everyModel).flat();
  const errors: string[] = [];
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>> | undefined;
  let browser: Browser | undefined;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'amr-browser-'));
    const pages = join(folder, 'page');
    mkdirSync(pages);
    await publishedPage('modelsPage.ts', pages);
    server = await serve({ '/page/': pages, '/models/': join(folder, 'models'), '/wasm/': wasmFiles });
    browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
    page = await browser.newPage();
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${server.url}/page/index.html`);
    await page
      .waitForFunction(() => document.title === 'ready')
      .catch(() => {
        throw new Error(`page: got the errors ${errors.join('; ')}; expected it to start.`);
      });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(models.map(({ name }, i) => [name, i] as const))(
    '%s loads, gives the same outputs and trains',
    async (_, i) => {
      const own = join(folder, 'models', `${i}`);
      const model = models[i]!.build();
      await saveWithSample(model, own);
      model.dispose();
      const result = await page.evaluate(
        (path) => (globalThis as unknown as PageFunctions).tryModel(path),
        `/models/${i}`,
      );
      expect(result.backend).toBe('wasm');
      const { outputs }: Sample = JSON.parse(readFileSync(join(own, 'sample.json'), 'utf8'));
      // float32 on another backend, which sums in another order: 1e-3 of the largest value.
      for (const [o, values] of outputs.entries()) {
        const allowed = 1e-3 * Math.max(1, ...values.map(Math.abs));
        const error = Math.max(...values.map((value, j) => Math.abs(value - result.outputs[o]![j]!)));
        expect(error).toBeLessThan(allowed);
        expect(result.outputs[o]!.length).toBe(values.length);
      }
      expect(result.losses.every(Number.isFinite)).toBe(true);
      expect(result.losses.at(-1)).toBeLessThan(result.losses[0]!);
    },
  );
});
