import { defineConfig, type Options } from 'tsup';

/** The build of a published package: ESM and CommonJS with their types, nothing bundled that is a dependency. */
export const library = (options: Options = {}) =>
  defineConfig({
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    dts: true,
    sourcemap: true,
    clean: true,
    target: 'es2022',
    treeshake: true,
    ...options,
  });
