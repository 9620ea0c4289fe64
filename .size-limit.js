// Budgets for what a page downloads of the packages, minified and gzipped: `pnpm size`. tfjs isn't counted, which a page has
// anyway; the packages' other dependencies are. Budgets leave some room: raise one when its package gains what is worth it.

/** Loaded only when they are needed: a backend of Node, and what draws figures into HTML reports. */
const LAZY = ['onnxruntime-node', '@observablehq/plot', 'linkedom'];

const budget = (name, names, limit) => ({
  name: names ? `${names} of @amr/${name}` : `@amr/${name}`,
  path: `packages/${name}/dist/index.js`,
  ...(names && { import: `{ ${names} }` }),
  limit,
  gzip: true,
  ignore: ['@tensorflow/*', ...LAZY],
  modifyEsbuildConfig: (config) => ({ ...config, logLevel: 'error' }),
});

export default [
  budget('layers', 'AttentionModalityReweighter', '8 kB'),
  budget('attacks', 'classifierOf, pgd', '30 kB'),
  budget('attacks', '', '68 kB'),
  budget('backend', '', '22 kB'),
  // Of these, zod takes 100 kB and fast-png 21 kB.
  budget('datasets', '', '170 kB'),
  budget('encoders', '', '50 kB'),
  budget('formats', '', '18 kB'),
  budget('layers', '', '15 kB'),
  budget('train', '', '82 kB'),
];
