import { defineConfig } from 'vitest/config';
import base from './vitest.config.js';

/** Tests that take many minutes: whole runs of the examples, `pnpm test:long`. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['examples/*/src/**/*.long.ts'],
    testTimeout: 30 * 60_000,
    fileParallelism: false,
  },
});
