import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { chromium } from 'playwright-core';
import { chromiumFlags, chromiumPath } from '../browser/chromium.js';
import { serve } from '../browser/server.js';
import type { Comparison } from './comparison.js';
import type { WebgpuPage } from './page.js';
import type { Answer } from './process.js';

/** A process with WebGPU, which computes cases there and on cpu and compares them. */
export interface Environment {
  /** Compares the case of this name. */
  compare(name: string): Promise<Comparison>;
  /** Ends the process. */
  close(): Promise<void>;
}

/** Launches each environment; rejects where the machine has no browser or adapter. */
export const environments = { Chromium: launchChromium, Node: launchNode };

const here = fileURLToPath(new URL('.', import.meta.url));

/** Bundles the sources, so that a changed kernel needs no build. */
const bundle = (entry: string, outfile: string, options: BuildOptions) =>
  build({
    entryPoints: [join(here, entry)],
    outfile,
    bundle: true,
    format: 'esm',
    tsconfig: join(here, '..', '..', 'tsconfig.json'),
    logLevel: 'error',
    ...options,
  });

/** A page in Chromium on its software adapter, which is the same on every machine. */
async function launchChromium(): Promise<Environment> {
  if (!existsSync(chromiumPath)) throw new Error(`There is no ${chromiumPath}`);
  const folder = mkdtempSync(join(tmpdir(), 'amr-webgpu-'));
  await bundle('page.ts', join(folder, 'page.js'), { platform: 'browser' });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script type="module" src="page.js"></script>');
  const server = await serve({ '/': folder });
  const args = [...chromiumFlags, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
  const browser = await chromium.launch({ executablePath: chromiumPath, args });
  const close = async () => {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const page = await browser.newPage();
  await page.goto(`${server.url}/index.html`);
  await page.waitForFunction(() => document.title !== '');
  const title = await page.title();
  if (title !== 'ready') {
    await close();
    throw new Error(title);
  }
  return {
    compare: (name) => page.evaluate((one) => (globalThis as unknown as WebgpuPage).compareCase(one), name),
    close,
  };
}

/**
 * A process of Node with the package webgpu, on the adapter of the machine. Without VK_ICD_FILENAMES, which names a driver, it
 * is the SwiftShader of Debian's Chromium, if that is installed.
 */
async function launchNode(): Promise<Environment> {
  // Below node_modules, from where the packages outside of the bundle are found.
  const folder = join(here, '..', 'node_modules', '.cache', 'webgpu');
  mkdirSync(folder, { recursive: true });
  const script = join(folder, 'process.mjs');
  await bundle('process.ts', script, {
    platform: 'node',
    external: ['@tensorflow/*', 'webgpu', 'onnxruntime-node'],
  });
  const child = fork(script, {
    env: { ...softwareDriver(), ...process.env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(child, 'exit').then(
    ([code]): Answer => ({ error: `The process ended with exit code ${code}` }),
  );
  const answer = (): Promise<Answer> =>
    Promise.race([once(child, 'message').then(([given]) => given as Answer), ended]);
  const close = async () => {
    child.kill();
  };
  const first = await answer();
  if ('error' in first) {
    await close();
    throw new Error(first.error);
  }
  return {
    async compare(name) {
      child.send(name);
      const given = await answer();
      if ('comparison' in given) return given.comparison;
      throw new Error('error' in given ? given.error : 'No answer');
    },
    close,
  };
}

/** Environment variables by which Dawn finds Chromium's SwiftShader, and the Vulkan loader next to it. */
function softwareDriver(): NodeJS.ProcessEnv {
  const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
  return existsSync(driver) ? { VK_ICD_FILENAMES: driver, LD_LIBRARY_PATH: dirname(driver) } : {};
}
