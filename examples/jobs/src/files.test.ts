import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readJson, writeAtomically } from './files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'quickstart-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('writes a file into a new folder, replaces it, and leaves nothing else', () => {
  const file = join(folder, 'deep', 'a.json');
  writeAtomically(file, '{"a":1}');
  writeAtomically(file, '{"a":2}');
  expect(readJson(file)).toEqual({ a: 2 });
  expect(readdirSync(join(folder, 'deep'))).toEqual(['a.json']);
});

it('tells a missing file from a damaged one', () => {
  expect(readJson(join(folder, 'none.json'))).toBeUndefined();
  writeFileSync(join(folder, 'half.json'), '{"a":');
  expect(() => readJson(join(folder, 'half.json'))).toThrow(/half\.json is not valid JSON.*delete it/);
});

it('leaves nothing behind when a file cannot be written, and says which', () => {
  mkdirSync(join(folder, 'taken.json'));
  expect(() => writeAtomically(join(folder, 'taken.json'), '{}')).toThrow(/taken\.json/);
  writeFileSync(join(folder, 'file'), '');
  expect(() => writeAtomically(join(folder, 'file', 'a.json'), '{}')).toThrow(/file/);
  expect(readdirSync(folder).sort()).toEqual(['file', 'taken.json']);
});
