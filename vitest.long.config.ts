import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Tests that take many minutes: whole runs of the examples, `pnpm test:long`. */
export default defineConfig({
  resolve: base.resolve,
  test: {
    include: ['examples/*/src/**/*.long.ts'],
    setupFiles: base.test?.setupFiles,
    globalSetup: [fileURLToPath(new URL('vitest.build.ts', import.meta.url))],
    testTimeout: 30 * 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
