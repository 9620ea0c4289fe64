import { defineConfig, type Options } from 'tsup';
import { library } from '../../tsup.base.js';

export default defineConfig([
  library() as Options,
  {
    // Not published: what `pnpm bench` runs.
    entry: ['bench/kernels.bench.ts'],
    outDir: 'bench/dist',
    format: ['esm'],
    clean: true,
    target: 'es2022',
  },
]);
