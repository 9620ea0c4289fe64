import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { chromiumFlags, chromiumPath } from './chromium.js';
import { publishedPage, wasmFiles } from './publishedPage.js';
import { serve } from './server.js';

/** A page of built packages in Chromium. */
export interface OpenPage {
  page: Page;
  /** A folder that is served as `/models/`. */
  models: string;
  /** Closes browser and server, and removes the files. */
  close(): Promise<void>;
}

/**
 * Bundles a page, serves it and waits until its title is 'ready'.
 * @param source file of this folder
 */
export async function openPage(source: string): Promise<OpenPage> {
  const folder = mkdtempSync(join(tmpdir(), 'amr-browser-'));
  const [pages, models] = [join(folder, 'page'), join(folder, 'models')];
  mkdirSync(pages);
  await publishedPage(source, pages);
  const server = await serve({ '/page/': pages, '/models/': models, '/wasm/': wasmFiles });
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags });
  const close = async () => {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const errors: string[] = [];
  const page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(`${server.url}/page/index.html`);
  try {
    await page.waitForFunction(() => document.title === 'ready');
  } catch {
    await close();
    throw new Error(`page: got the errors ${errors.join('; ')}; expected it to start.`);
  }
  return { page, models, close };
}
