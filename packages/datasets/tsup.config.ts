import { library } from '../../tsup.base.js';

export default [
  library({
    entry: ['src/index.ts', 'src/node.ts'],
    // `import.meta.url` in CommonJS: how the files of worker threads are found.
    shims: true,
  }),
  library({
    entry: ['src/streaming/streamWorker.ts'],
    format: ['esm'],
    dts: false,
    // The build beside it is the one that clears the folder.
    clean: false,
  }),
];
