import { defineConfig, type Options } from 'tsup';
import { library } from '../../tsup.base.js';

export default defineConfig([
  library({
    // The backend 'onnx' is a separate file, which package.json hides from bundlers of pages.
    entry: { index: 'src/index.ts', onnx: 'src/onnx/provideOnnx.ts' },
    dts: { entry: 'src/index.ts' },
    // ESM only, and this package can be required.
    noExternal: ['pbf'],
    splitting: true,
  }) as Options,
  {
    // Not published: what `pnpm bench` runs.
    entry: ['bench/kernels.bench.ts'],
    outDir: 'bench/dist',
    format: ['esm'],
    clean: true,
    target: 'es2022',
  },
]);
