import { uniform } from '@amr/testing/attacks/models';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { fingerprintOf, fingerprintOfThreatModel } from './fingerprint.js';
import type { ThreatModel } from './threatModel.js';

it('is MurmurHash3 in its first lane', async () => {
  // murmur3_32 of no bytes with seed 0 is 0, of four zero bytes 2362f9de (Appleby's reference).
  expect((await fingerprintOf(tf.tensor1d([]))).slice(0, 8)).toBe('00000000');
  expect((await fingerprintOf(tf.zeros([1]))).slice(0, 8)).toBe('2362f9de');
});

it('differs after a changed bit, two changed signs or an exchange, and for booleans and strings', async () => {
  const x = uniform([100], 1);
  const values = (await x.array()) as number[];
  const changed = (change: (v: number[]) => void) => {
    const copy = [...values];
    change(copy);
    return tf.tensor1d(copy);
  };
  const others = [
    x,
    changed((v) => {
      v[50]! += 6e-8;
    }),
    changed((v) => {
      v[3] = -v[3]!;
      v[60] = -v[60]!;
    }),
    changed((v) => {
      [v[1], v[2]] = [v[2]!, v[1]!];
    }),
    changed((v) => v.push(0)),
    tf.tensor1d([true, false, true], 'bool'),
    tf.tensor1d([true, true, true], 'bool'),
    tf.tensor1d(['a', 'b'], 'string'),
    tf.tensor1d(['ab', ''], 'string'),
  ];
  const prints = await Promise.all(others.map(fingerprintOf));
  expect(new Set(prints).size).toBe(others.length);
  expect(await fingerprintOf(tf.clone(x))).toBe(prints[0]);
});

it('differs between threat models that differ in modality, norm, epsilon, mask, range or constraint', async () => {
  const base = { norm: 'linf', epsilon: 0.1 } as const;
  const models: ThreatModel[] = [
    { x: base },
    { y: base },
    { x: { ...base, norm: 'l2' } },
    { x: { ...base, epsilon: tf.tensor1d([0.1, 0.1]) } },
    { x: { ...base, epsilon: tf.tensor1d([0.1, 0.2]) } },
    { x: { ...base, range: [0, 1] } },
    { x: { ...base, mask: tf.tensor1d([1, 0]) } },
    { x: { ...base, mask: (v: tf.Tensor) => v } },
    { x: { ...base, constraints: [{ name: 'still', apply: (v: tf.Tensor) => v }] } },
  ];
  const prints = await Promise.all(models.map(fingerprintOfThreatModel));
  expect(new Set(prints).size).toBe(models.length);
  expect(await fingerprintOfThreatModel({ x: { ...base } })).toBe(prints[0]);
});
