import { library } from '../../tsup.base.js';

export default [
  library(),
  library({
    entry: ['bench/attacks.ts', 'bench/frozen.ts'],
    outDir: 'bench/dist',
    format: ['esm'],
    dts: false,
    sourcemap: false,
    external: [/^@amr\//],
  }),
];
