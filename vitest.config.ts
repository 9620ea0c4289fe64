import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@amr\/train\/node$/, replacement: source('packages/train/src/node.ts') },
      { find: /^@amr\/datasets\/node$/, replacement: source('packages/datasets/src/node.ts') },
      { find: /^@amr\/backend\/node$/, replacement: source('packages/backend/src/node/index.ts') },
      { find: /^@amr\/(\w+)$/, replacement: source('packages/$1/src/index.ts') },
    ],
  },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'examples/*/src/**/*.test.ts',
      'benchmarks/src/**/*.test.ts',
      'docs/*.test.ts',
      'elsewhere/*.test.ts',
    ],
    setupFiles: [source('vitest.setup.ts')],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
