import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

/** Every ```ts block of a README, a guide or an `@example` runs as it stands. */
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs', '.snippets');

function* files(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (['node_modules', 'dist', 'api', '.snippets', '.git', 'runs'].includes(entry.name)) continue;
    const full = join(path, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else if (entry.name.endsWith('.md') || (/\.ts$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name))) {
      yield full;
    }
  }
}

/** The ```ts fences of a Markdown file, or those of the doc comments of a TypeScript file. */
function snippetsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const markdown = file.endsWith('.md')
    ? text
    : (text.match(/\/\*\*[\s\S]*?\*\//g) ?? []).map((comment) => comment.replace(/^\s*\* ?/gm, '')).join('\n');
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]!);
}

describe('documentation snippets', () => {
  beforeEach(async () => {
    await setBackend('cpu');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const file of files(root)) {
    snippetsOf(file).forEach((code, index) => {
      const name = `${relative(root, file)} #${index + 1}`;
      it(name, async () => {
        const target = join(folder, `${name.replace(/[^\w]+/g, '-')}.ts`);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, `${code}\nexport {};\n`);
        await expect(import(/* @vite-ignore */ target)).resolves.toBeDefined();
      });
    });
  }
});
