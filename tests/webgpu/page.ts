import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-backend-webgpu';
import '@tensorflow/tfjs-layers';
import { useBackend } from '@amr/backend';
import { cases } from './cases.js';
import { type Comparison, compare } from './comparison.js';

/** The functions that the test calls. */
export type WebgpuPage = { compareCase: (name: string) => Promise<Comparison> };

const compareCase: WebgpuPage['compareCase'] = (name) => compare(cases.find((one) => one.name === name)!);

Object.assign(globalThis, { compareCase } satisfies WebgpuPage);
try {
  await useBackend({ backend: 'webgpu' });
  document.title = 'ready';
} catch (error) {
  document.title = `${error}`;
}
