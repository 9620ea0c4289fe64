import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/networks.ts', 'src/runner.ts', 'src/floor.ts', 'src/data.ts'],
  format: ['esm'],
  target: 'node20',
  clean: true,
  noExternal: [/^@amr\/(internal|testing|example-quickstart)/],
});
