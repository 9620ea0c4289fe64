import { defineConfig, type Options } from 'tsup';

/** The build of a published package: ESM and CommonJS with their types, nothing bundled that is a dependency, packages/internal bundled. */
export const library = (options: Options = {}) =>
  defineConfig({
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    // Private code that several packages share goes into each of them, with its types.
    noExternal: [/^@amr\/internal/],
    dts: { resolve: [/^@amr\/internal/] },
    sourcemap: true,
    clean: true,
    target: 'es2022',
    treeshake: true,
    ...options,
  });
