import { library } from '../../tsup.base.js';

/** Files that Node starts itself: separate files without shared chunks. */
const started = {
  cli: 'src/cli/main.ts',
  prepareWorker: 'src/prepare/prepareWorker.ts',
  streamWorker: 'src/streaming/streamWorker.ts',
};

export default [
  library({
    entry: ['src/index.ts', 'src/node.ts'],
    // One DatasetError, whichever of the two it is taken from, in CommonJS as well.
    splitting: true,
    // `import.meta.url` in CommonJS: how the files of worker threads are found.
    shims: true,
    // Both builds run at once: this one, which clears the folder, leaves the other's files alone.
    clean: Object.keys(started).flatMap((name) => [`!${name}.js`, `!${name}.js.map`]),
  }),
  library({ entry: started, format: ['esm'], dts: false, splitting: false, clean: false }),
];
