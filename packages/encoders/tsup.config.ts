import { library } from '../../tsup.base.js';

export default [
  library(),
  library({
    entry: ['bench/sizes.ts'],
    outDir: 'bench/dist',
    format: ['esm'],
    dts: false,
    sourcemap: false,
    external: [/^@amr\//],
  }),
];
