import { fileURLToPath } from 'node:url';
import { defineConfig, type Options } from 'tsup';

const internal = fileURLToPath(new URL('packages/internal/src', import.meta.url));

/**
 * The build of a published package: ESM and CommonJS with their types. No dependency is bundled, but for packages/internal,
 * which is private: its code and its types go into each package that uses it.
 */
export const library = (options: Options = {}) =>
  defineConfig({
    entry: ['src/index.ts'],
    format: ['esm', 'cjs'],
    noExternal: [/^@amr\/internal/],
    sourcemap: true,
    clean: true,
    target: 'es2022',
    treeshake: true,
    ...options,
    dts:
      options.dts === false
        ? false
        : {
            ...(typeof options.dts === 'object' && options.dts),
            compilerOptions: {
              // As sources, not as a package: then its types are bundled.
              baseUrl: '.',
              paths: {
                '@amr/internal': [`${internal}/index.ts`],
                '@amr/internal/gradients': [`${internal}/gradients/index.ts`],
                '@amr/internal/node': [`${internal}/node/index.ts`],
              },
            },
          },
  });
