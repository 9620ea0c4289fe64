import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/main.ts', 'src/worker.ts'],
  format: ['esm'],
  target: 'node20',
  clean: true,
  noExternal: ['@amr/example-jobs', /^@amr\/internal/],
});
