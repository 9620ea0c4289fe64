import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { parse } from 'yaml';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, '.github/workflows');
const { packageManager, scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

it.each(readdirSync(folder))('%s runs what there is, with the pnpm of package.json', (file) => {
  const text = readFileSync(join(folder, file), 'utf8');
  const { name, on, jobs } = parse(text);
  expect({ name, on: typeof on, jobs: typeof jobs }).toEqual({
    name: file.replace('.yml', ''),
    on: 'object',
    jobs: 'object',
  });
  for (const [, pnpm, command] of text.matchAll(/npx --yes (\S+) (\S+)/g)) {
    expect(pnpm).toBe(packageManager);
    expect(['install', ...Object.keys(scripts)]).toContain(command);
  }
});

it('tests and tries releases on Node 20, 22 and 24', () => {
  const jobs = ['ci.yml', 'release.yml'].flatMap((file) =>
    Object.values(parse(readFileSync(join(folder, file), 'utf8')).jobs),
  ) as { strategy?: { matrix: { node: number[] } } }[];
  const matrices = jobs.flatMap(({ strategy }) => (strategy ? [strategy.matrix.node] : []));
  expect(matrices).toEqual([
    [20, 22, 24],
    [20, 22, 24],
  ]);
});
