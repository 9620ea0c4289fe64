import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readJson } from './files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jobs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('distinguishes a missing file from a damaged one', () => {
  expect(readJson(join(folder, 'none.json'))).toBeUndefined();
  writeFileSync(join(folder, 'half.json'), '{"a":');
  expect(() => readJson(join(folder, 'half.json'))).toThrow(/half\.json: got invalid JSON.*Delete it/);
  writeFileSync(join(folder, 'whole.json'), '{"a":2}');
  expect(readJson(join(folder, 'whole.json'))).toEqual({ a: 2 });
});
