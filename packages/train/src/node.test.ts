import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fileStore } from './node.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('writes whole files, makes the folder and leaves nothing else in it', async () => {
  const path = join(folder, 'runs', 'a', 'checkpoint.safetensors');
  const store = fileStore(path);
  expect(await store.read()).toBeUndefined();
  await store.write(Uint8Array.of(1, 2, 3));
  await store.write(Uint8Array.of(4, 5));
  expect(await store.read()).toEqual(Uint8Array.of(4, 5));
  expect([...(await readFile(path))]).toEqual([4, 5]);
  expect(await readdir(join(folder, 'runs', 'a'))).toEqual(['checkpoint.safetensors']);
});

it('keeps the old file when a write fails', async () => {
  const path = join(folder, 'checkpoint');
  const store = fileStore(path);
  await store.write(Uint8Array.of(1));
  await expect(store.write(null as never)).rejects.toThrow();
  expect(await store.read()).toEqual(Uint8Array.of(1));
  expect(await readdir(folder)).toEqual(['checkpoint']);
});

it('says what is wrong with a path that is a folder', async () => {
  await expect(fileStore(folder).read()).rejects.toThrow(/EISDIR/);
});
