import { murmurFinalizer } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { ballSpecsOf } from './ballSpecs.js';
import type { Bound, ThreatModel } from './threatModel.js';

/** A 64-bit hash of a tensor's values, in hexadecimal: two lanes of MurmurHash3 (Appleby 2011) over its bytes. */
export async function fingerprintOf(tensor: tf.Tensor): Promise<string> {
  const values = (await tensor.data()) as Float32Array | Int32Array | Uint8Array | string[];
  const bytes = Array.isArray(values)
    ? new TextEncoder().encode(JSON.stringify(values))
    : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return hashLane(bytes, 0) + hashLane(bytes, 0x9e3779b9);
}

/**
 * A threat model as JSON, with fingerprints of tensors. Of a mask function it only says that there is one, of
 * constraints only the names.
 */
export async function fingerprintOfThreatModel(threatModel: ThreatModel): Promise<string> {
  const balls = ballSpecsOf(threatModel).map(async ({ norm, epsilon, modalities }) => ({
    norm,
    epsilon: typeof epsilon === 'number' ? epsilon : await fingerprintOf(epsilon),
    modalities: await Promise.all(
      Object.entries(modalities).map(
        async ([modality, { mask, range, scale, stepSize, constraints = [] }]) => ({
          modality,
          scale: scale === undefined ? undefined : await fingerprintOfBound(scale),
          range: range && (await Promise.all(range.map(fingerprintOfBound))),
          stepSize,
          mask: typeof mask === 'object' ? await fingerprintOf(mask) : typeof mask,
          constraints: constraints.map(({ name }) => name),
        }),
      ),
    ),
  }));
  return JSON.stringify(await Promise.all(balls));
}

/** A number or an array as it is, a tensor as its shape and fingerprint. */
async function fingerprintOfBound(bound: Bound): Promise<Bound | string> {
  return bound instanceof tf.Tensor ? `${JSON.stringify(bound.shape)} ${await fingerprintOf(bound)}` : bound;
}

function hashLane(bytes: Uint8Array, seed: number): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.length - (bytes.length % 4);
  let h = seed;
  const add = (word: number) => {
    const k = Math.imul(rotateLeft(Math.imul(word, 0xcc9e2d51), 15), 0x1b873593);
    h = (Math.imul(rotateLeft(h ^ k, 13), 5) + 0xe6546b64) | 0;
  };
  for (let i = 0; i < whole; i += 4) add(view.getUint32(i, true));
  for (let i = whole; i < bytes.length; i++) add(bytes[i]!);
  return (murmurFinalizer(h ^ bytes.length) >>> 0).toString(16).padStart(8, '0');
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
