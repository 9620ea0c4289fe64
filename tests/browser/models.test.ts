import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everyModel } from '../everyModel.js';
import { type Sample, saveWithSample } from '../savedModel.js';
import { chromiumIsMissing } from './chromium.js';
import type { PageFunctions } from './modelsPage.js';
import { type OpenPage, openPage } from './openPage.js';

const isMissing = chromiumIsMissing('The tests of models in a browser');

describe.skipIf(isMissing)('in a browser, on the wasm backend', () => {
  const models = Object.values(everyModel).flat();
  let opened: OpenPage | undefined;
  let page: Page;

  beforeAll(async () => {
    opened = await openPage('modelsPage.ts');
    page = opened.page;
  });
  afterAll(() => opened?.close());

  it.each(models.map(({ name }, i) => [name, i] as const))(
    '%s loads, gives the same outputs and trains',
    async (_, i) => {
      const own = join(opened!.models, `${i}`);
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
