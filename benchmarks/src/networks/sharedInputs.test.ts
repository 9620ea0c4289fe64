import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@amr/formats';
import type * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cases } from './cases.js';
import { readSharedInputs, setWeights, writeSharedInputs } from './sharedInputs.js';

const subject = cases.find(({ name }) => name === 'tiny')!;

describe('what runners are given', () => {
  let folder: string;
  let file: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'networks-'));
    file = join(folder, 'tiny.safetensors');
    const model = subject.build();
    await writeSharedInputs(file, subject, model);
    model.dispose();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('makes the same network of every model that reads it', () => {
    const logits = [0, 1].map(() => {
      const { weights, inputs } = readSharedInputs(file);
      const model = subject.build();
      setWeights(model, weights);
      const [fused] = model.predict(Object.values(inputs)) as tf.Tensor[];
      return [...fused!.dataSync()];
    });
    expect(logits[0]).toHaveLength(8);
    expect(logits[0]).toEqual(logits[1]);
    // It is one that tells samples apart.
    expect(logits[0]!.slice(0, 4)).not.toEqual(logits[0]!.slice(4));
  });

  it('can be read in part', () => {
    const { inputs, labels } = readSharedInputs(file, 1);
    expect(inputs['rgb']!.shape).toEqual([1, 4, 16, 16, 3]);
    expect(inputs['skeleton']!.shape).toEqual([1, 2, 8, 20, 3]);
    expect(labels.dtype).toBe('int32');
    expect(labels.shape).toEqual([1]);
  });

  it('tells PyTorch of layers, budgets and tasks', () => {
    const { benchmark } = readSafetensors(readFileSync(file)).metadata;
    const { layers, modalities, budgets, tasks } = JSON.parse(benchmark!);
    expect(modalities).toEqual(['rgb', 'skeleton']);
    expect(layers.rgbStem).toMatchObject({ kernelSize: [3, 7, 7], strides: [1, 2, 2] });
    expect(budgets.rgb.epsilon).toBeCloseTo(8 / 255);
    expect(tasks['pgd-both'].steps).toBe(20);
  });

  it('is refused by another network', () => {
    const { weights } = readSharedInputs(file);
    const other = cases.find(({ name }) => name === 'stgcn')!.build();
    expect(() => setWeights(other, weights)).toThrow(/has no weight skeletonInputNorm.*another network/);
  });
});
