import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttackFunctions } from './attacksPage.js';
import { chromiumIsMissing } from './chromium.js';
import { type OpenPage, openPage } from './openPage.js';

const isMissing = chromiumIsMissing('The tests of attacks in a browser');

describe.skipIf(isMissing)('attacks in a browser, on the wasm backend', () => {
  let opened: OpenPage | undefined;
  let page: Page;

  beforeAll(async () => {
    opened = await openPage('attacksPage.ts');
    page = opened.page;
  });
  afterAll(() => opened?.close());

  it('use the logits of a Sequential that ends in softmax, and refuse its probabilities', async () => {
    const found = await page.evaluate(() => (globalThis as unknown as AttackFunctions).attackSoftmax());
    // Two ways to compute the same softmax in float32.
    expect(found.difference).toBeLessThan(1e-6);
    expect(found.refused).toMatch(/^classifier: got outputs that are probabilities/);
    expect(found.accuracy).toBeLessThan(0.5);
  });

  it('keep ranges and scales of each channel, and later clips are right', async () => {
    const { row, clip } = await page.evaluate(() =>
      (globalThis as unknown as AttackFunctions).attackByChannel(),
    );
    // Away from label 0 all entries fall: by 0.2, to the range's end at -1.1, and by 0.2 * 100 to its end at 90.
    [0.3, -1.1, 90].forEach((value, i) => {
      expect(row[i]).toBeCloseTo(value, 5);
    });
    expect(clip).toEqual([0, 0.5, 1]);
  });

  it('find the same smallest perturbation in every unit of the input', async () => {
    const [ones, thousands] = await page.evaluate(() =>
      (globalThis as unknown as AttackFunctions).attackInUnits(),
    );
    for (const [i, length] of ones!.entries()) {
      expect(length).toBeGreaterThan(0);
      // Adam's path differs by rounding: a learning rate of 0.01 makes 1 % of a length of 0.1.
      expect(Math.abs(thousands![i]! / length - 1)).toBeLessThan(0.01);
    }
  });

  it('move padded sequences where they are not padded', async () => {
    const moved = await page.evaluate(() => (globalThis as unknown as AttackFunctions).attackMasked());
    expect(moved.slice(0, 3).every((change) => change > 0.05)).toBe(true);
    expect(moved.slice(3)).toEqual([0, 0]);
  });
});
