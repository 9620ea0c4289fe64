import { defineConfig, type Options } from 'tsup';
import { library } from '../../tsup.base.js';

export default defineConfig([
  library({
    // The backend 'onnx' is a file of its own, which package.json leaves out of what bundlers make for pages.
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
