import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { setBackend } from '@tensorflow/tfjs-core';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';

/** Every ```ts block of a README, a guide or an `@example` runs as it stands. Those of the guides, in docs/, print what they say. */
const root = fileURLToPath(new URL('..', import.meta.url));
const guides = join(root, 'docs');
const folder = join(guides, '.snippets');

function* files(path: string): Generator<string> {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (['node_modules', 'dist', 'api', '.snippets', '.git', 'runs'].includes(entry.name)) continue;
    const full = join(path, entry.name);
    if (entry.isDirectory()) yield* files(full);
    else if (
      entry.name.endsWith('.md') ||
      (/\.ts$/.test(entry.name) && !/\.(test|d)\.ts$/.test(entry.name))
    ) {
      yield full;
    }
  }
}

/** The ```ts fences of a Markdown file; of a TypeScript file, those of its doc comments and each bare `@example`. */
function snippetsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  if (file.endsWith('.md')) return fences(text);
  return (text.match(/\/\*\*[\s\S]*?\*\//g) ?? []).flatMap((comment) => {
    const body = comment.replace(/\s*\*\/$/, '').replace(/^\s*\/?\*+ ?/gm, '');
    const bare = [...body.matchAll(/^@example[ \t]*\n(?!\s*```)([\s\S]*?)(?=^@\w|(?![\s\S]))/gm)].map(
      (match) => match[1]!,
    );
    return [...fences(body), ...bare];
  });
}

const fences = (text: string): string[] =>
  [...text.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map((match) => match[1]!);

/** What the comments of a guide's block say that its lines print; there, each `console.log` has one. */
const statedOutputs = (code: string): string[] =>
  [...code.matchAll(/^\s*console\.log\(.*\);(?: \/\/ (.*))?$/gm)].map((match) => match[1] ?? '');

describe('documentation snippets', () => {
  beforeEach(async () => {
    await setBackend('cpu');
    vi.spyOn(console, 'log')
      .mockImplementation(() => {})
      .mockClear();
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
        if (dirname(file) !== guides) return;
        const printed = vi.mocked(console.log).mock.calls.map((values) => format(...values));
        expect(printed).toEqual(statedOutputs(code));
      });
    });
  }
});
