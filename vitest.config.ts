import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Tests of what is built: other processes, worker threads, command lines and browsers. */
const BUILT = [
  'tests/{browser,processes,release,webgpu}/**/*.test.ts',
  '{packages,examples}/*/src/**/*.built.test.ts',
  'benchmarks/src/**/*.built.test.ts',
];

/**
 * Two projects. `sources` runs the sources and needs no build. `built` runs what needs one, and builds first what has
 * changed. Both take the packages that a test imports from their sources.
 */
export default defineConfig({
  resolve: {
    alias: [
      { find: /^@amr\/testing\/(.+)$/, replacement: source('packages/testing/src/$1.ts') },
      { find: '@amr/layers/keras', replacement: source('packages/layers/src/keras.ts') },
      { find: /^@amr\/(train|datasets)\/node$/, replacement: source('packages/$1/src/node.ts') },
      {
        find: /^@amr\/internal\/(gradients|node)$/,
        replacement: source('packages/internal/src/$1/index.ts'),
      },
      { find: /^@amr\/example-quickstart\/(\w+)$/, replacement: source('examples/quickstart/src/$1.ts') },
      { find: /^@amr\/(\w+)$/, replacement: source('packages/$1/src/index.ts') },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'sources',
          include: [
            'packages/*/src/**/*.test.ts',
            'examples/*/src/**/*.test.ts',
            'benchmarks/src/**/*.test.ts',
            'docs/*.test.ts',
            'tests/models/*.test.ts',
          ],
          exclude: ['**/node_modules/**', '**/dist/**', ...BUILT],
        },
      },
      {
        extends: true,
        test: { name: 'built', include: BUILT, globalSetup: [source('vitest.build.ts')] },
      },
    ],
    setupFiles: [source('vitest.setup.ts')],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
