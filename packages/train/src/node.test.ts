import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AutoAttackMember,
  type AutoAttackOptions,
  autoAttack,
  fgsm,
  type Modalities,
  pgd,
} from '@amr/attacks';
import { readSafetensors, writeSafetensors } from '@amr/formats';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileAttackCheckpoint, fileStore } from './node.js';

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

it('refuses a path that is a folder', async () => {
  await expect(fileStore(folder).read()).rejects.toThrow(/EISDIR/);
});

describe('fileAttackCheckpoint', () => {
  const progress = {
    fingerprint: { members: 'a, b', 'the input "x"': 'float32 [2, 2]' },
    seed: 2 ** 40 + 1,
    members: [{ name: 'a', tried: 2, fooled: 1 }],
    fooledBy: ['a', null],
    margins: Float32Array.of(0.1, -Infinity),
    adversarial: { rgb: Float32Array.of(1, -0, 1e-40, 0.3), 'skeleton/left': new Float32Array(0) },
  };

  it('loads the progress that was saved last, bit for bit', async () => {
    const store = fileAttackCheckpoint(join(folder, 'new', 'progress'));
    expect(await store.load()).toBeUndefined();
    await store.save({ ...progress, seed: 1 });
    await store.save(progress);
    expect(await store.load()).toEqual(progress);
  });

  it('keeps the names of its file format', async () => {
    const path = join(folder, 'progress');
    await fileAttackCheckpoint(path).save(progress);
    const { metadata } = readSafetensors(await readFile(path));
    expect(metadata).toMatchObject({ format: 'amr-attack-progress', version: '1' });
    const { fingerprint, margins, adversarial, ...rest } = progress;
    expect(JSON.parse(metadata['notes']!)).toEqual({ facts: fingerprint, ...rest });
  });

  it('refuses damaged files and those of another kind', async () => {
    const path = join(folder, 'progress');
    const store = fileAttackCheckpoint(path);
    await store.save(progress);
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 1));
    await expect(store.load()).rejects.toMatchObject({ name: 'CheckpointError', problem: 'damaged' });
    await writeFile(path, writeSafetensors({ tensors: new Map(), metadata: { format: 'other' } }));
    await expect(store.load()).rejects.toMatchObject({ name: 'CheckpointError', problem: 'format' });
  });

  it('lets autoAttack resume in another process', async () => {
    const weights = tf.tensor2d([
      [1, -1],
      [0.5, 2],
    ]);
    const classifier = ({ x }: Modalities) => tf.matMul(x!, weights) as tf.Tensor2D;
    const x = tf.tensor2d([
      [0.4, 0.1],
      [0.1, 0.9],
      [0.9, 0],
    ]);
    const labels = tf.tensor1d([0, 1, 0], 'int32');
    const attacks: { [name: string]: AutoAttackMember } = {
      fgsm: (own) => fgsm(own),
      pgd: (own) => pgd(own, { restarts: 2, steps: 3 }),
    };
    const run = async (options: AutoAttackOptions, onProgress?: () => void) => {
      const attack = autoAttack({ x: { norm: 'linf', epsilon: 0.2 } }, { attacks, ...options });
      const { adversarial, ...rest } = await attack.search(classifier, { x }, labels, {
        seed: 3,
        onProgress,
      });
      return { ...rest, x: Array.from(await adversarial.x!.data()) };
    };
    const stop = () => {
      throw new Error('stopped');
    };
    const path = join(folder, 'progress');
    await expect(run({ checkpoint: fileAttackCheckpoint(path) }, stop)).rejects.toThrow('stopped');
    const resumed = await run({ checkpoint: fileAttackCheckpoint(path) });
    expect(resumed).toEqual(await run({}));
    expect(resumed.fooledBy).toContain('fgsm');
  });
});
