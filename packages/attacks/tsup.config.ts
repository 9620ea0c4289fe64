import { library } from '../../tsup.base.js';

export default [
  library(),
  library({
    entry: {
      attacks: 'bench/attacks.ts',
      baseline: 'bench/baseline.ts',
      frozen: 'bench/frozen.ts',
      'runner/runner': 'bench/runner.ts',
    },
    outDir: 'bench/dist',
    format: ['esm'],
    dts: false,
    sourcemap: false,
    splitting: false,
    external: [/^@amr\//],
  }),
];
