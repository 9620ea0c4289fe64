import type { BatchOptions, Dataset } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { fromArrays } from '../source/fromArrays.js';
import type { AugmentationOptions } from './augmentationOptions.js';
import { withAugmentation } from './withAugmentation.js';

/** Two frames of 4 x 4 pixels with one bright pixel, and the skeleton of 25 joints, of which joint 7 is at that pixel. */
const clips = (size: number) => {
  const rgb = new Uint8Array(size * 2 * 16);
  const skeleton = new Float32Array(size * 2 * 75).fill(1);
  for (let i = 0; i < size * 2; i++) {
    rgb[i * 16 + 5] = 255;
    skeleton[i * 75 + 7 * 3] = -0.5;
  }
  return fromArrays({
    modalities: {
      rgb: { data: rgb, shape: [2, 4, 4, 1], unit: 'intensity' },
      skeleton: { data: skeleton, shape: [1, 2, 25, 3], unit: 'metres' },
    },
    labels: Array.from({ length: size }, (_, i) => i % 3),
    classes: ['swipe left', 'swipe right', 'clap'],
  });
};
const everything: AugmentationOptions = {
  rotation: 20,
  scale: 0.1,
  jitter: 0.01,
  shift: 1,
  brightness: 0.2,
  cropTime: 0.2,
  mirror: 0.5,
};

interface Row {
  rgb: number[];
  skeleton: number[];
  label: number;
}
async function rows(dataset: Dataset, options: BatchOptions): Promise<Map<string, Row>> {
  const all = new Map<string, Row>();
  for await (const { ids, inputs, labels } of dataset.batches(options)) {
    const [rgb, skeleton, label] = await Promise.all(
      [inputs['rgb']!, inputs['skeleton']!, labels].map((t) => t.data()),
    );
    ids.forEach((id, i) => {
      const part = (values: tf.TypedArray, length: number) =>
        Array.from(values.slice(i * length, (i + 1) * length));
      all.set(id, { rgb: part(rgb!, 32), skeleton: part(skeleton!, 150), label: label![i]! });
    });
    tf.dispose([labels, ...Object.values(inputs)]);
  }
  return all;
}

describe('withAugmentation', () => {
  it('changes nothing by default', async () => {
    const dataset = clips(4);
    expect(await rows(withAugmentation(dataset, {}), { batchSize: 2 })).toEqual(
      await rows(dataset, { batchSize: 2 }),
    );
  });

  it('depends on seed, epoch and sample, not on the batches', async () => {
    const dataset = clips(12);
    const augmented = withAugmentation(dataset, everything);
    const once = await rows(augmented, { batchSize: 5, seed: 1, epoch: 2 });
    expect(await rows(augmented, { batchSize: 3, seed: 9, epoch: 2 })).toEqual(once);
    expect(await rows(augmented, { batchSize: 5, seed: 1, epoch: 3 })).not.toEqual(once);
    expect(
      await rows(withAugmentation(dataset, { ...everything, seed: 1 }), { batchSize: 5, epoch: 2 }),
    ).not.toEqual(once);
    const resumed = await rows(augmented, { batchSize: 5, seed: 1, epoch: 2, start: 2 });
    for (const [id, row] of resumed) expect(once.get(id)).toEqual(row);
    expect(await rows(augmented.subset([3]), { batchSize: 1, epoch: 2 })).toEqual(
      new Map([['3', once.get('3')!]]),
    );
    expect(new Set([...once.values()].map(({ skeleton }) => skeleton.join())).size).toBe(12);
  });

  it('mirrors both modalities and the label together', async () => {
    const dataset = clips(60);
    const plain = await rows(dataset, { batchSize: 60 });
    const mirrored = await rows(
      withAugmentation(dataset, { mirror: 0.5, mirrorClasses: [['swipe left', 'swipe right']] }),
      {
        batchSize: 7,
      },
    );
    let flips = 0;
    for (const [id, { rgb, skeleton, label }] of mirrored) {
      const before = plain.get(id)!;
      const flipped = rgb[6] === 1;
      expect(rgb[5]).toBe(flipped ? 0 : 1);
      expect(skeleton[7 * 3]).toBe(flipped ? -1 : -0.5);
      expect(skeleton[11 * 3]).toBe(flipped ? 0.5 : 1);
      expect(label).toBe(flipped ? [1, 0, 2][before.label] : before.label);
      if (flipped) flips++;
    }
    expect(flips).toBeGreaterThan(15);
    expect(flips).toBeLessThan(45);
  });

  it('keeps videos in their range, and skeletons finite', async () => {
    for (const { rgb, skeleton } of (
      await rows(withAugmentation(clips(9), everything), { batchSize: 4 })
    ).values()) {
      expect(Math.max(...rgb)).toBeLessThanOrEqual(1);
      expect(Math.min(...rgb)).toBeGreaterThanOrEqual(0);
      expect(skeleton.every(Number.isFinite)).toBe(true);
    }
  });

  it('leaks no tensors, also when the loop ends early', async () => {
    const augmented = withAugmentation(clips(9), everything);
    const before = tf.memory().numTensors;
    await rows(augmented, { batchSize: 2 });
    for await (const { inputs, labels } of augmented.batches({ batchSize: 2 })) {
      expect(tf.memory().numTensors).toBe(before + 3);
      tf.dispose([labels, ...Object.values(inputs)]);
      break;
    }
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each<[AugmentationOptions, RegExp]>([
    [{ rotation: -1 }, /rotation: got -1/],
    [{ scale: 1 }, /scale: got 1; expected a number from 0 to 0.9/],
    [{ mirror: Number.NaN }, /mirror: got NaN/],
    [
      { mirrorClasses: [['swipe left', 'swipe up']] },
      /mirrorClasses: got 'swipe up'; expected classes among swipe left/,
    ],
    [{ mirror: 0.5, mirrorJoints: [[0, 25]] }, /mirrorJoints: got joint 25; expected joints from 0 to 24/],
  ])('refuses %j', (options, reason) => {
    expect(() => withAugmentation(clips(3), options)).toThrow(reason);
  });

  it('requires mirrorJoints for an unknown layout of joints', () => {
    const skeleton = { data: new Float32Array(6), shape: [1, 1, 2, 3], unit: 'metres' };
    const dataset = fromArrays({ modalities: { skeleton }, labels: [0], classes: ['a'] });
    expect(() => withAugmentation(dataset, { mirror: 1 })).toThrow(/mirrorJoints/);
    expect(withAugmentation(dataset, { mirror: 1, mirrorJoints: [[0, 1]] }).size).toBe(1);
  });
});
