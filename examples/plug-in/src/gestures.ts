import { type ArrayDataset, fromArrays } from '@amr/datasets';

/** What the foreign model was trained on. */
const classes = ['left', 'right', 'up', 'down'];

/**
 * Made-up gestures: what a camera sees, [12, 12, 1] with values in [0, 1], and what an accelerometer in the hand
 * measures, [24, 3] in m/s^2. A bright spot moves across the picture and leaves a trail; the hand speeds up and slows down.
 * `foreign/make.py` makes its training data in the same way, with other random numbers.
 */
export function gestures(count: number, seed: number): ArrayDataset {
  const random = generator(seed);
  const noise = () => random() + random() + random() - 1.5;
  const camera = new Float32Array(count * 12 * 12);
  const motion = new Float32Array(count * 24 * 3);
  const labels = Array.from({ length: count }, (_, i) => i % classes.length);
  for (const [i, label] of labels.entries()) {
    const sign = label % 2 === 0 ? -1 : 1;
    const across = label < 2;
    const lane = 3 + 6 * random();
    const tilt = 0.6 * noise();
    for (let y = 0; y < 12; y++) {
      for (let x = 0; x < 12; x++) {
        const [along, off] = across ? [x, y - lane] : [y, x - lane];
        const trail = (sign > 0 ? along : 11 - along) / 11;
        const value = 0.15 + 0.35 * trail * Math.exp(-(off * off) / 3) + 0.08 * noise();
        camera[i * 144 + y * 12 + x] = Math.min(1, Math.max(0, value));
      }
    }
    const start = 4 + 6 * random();
    for (let t = 0; t < 24; t++) {
      const push = sign * 1.2 * Math.sin((Math.PI * (t - start)) / 6) * (t > start && t < start + 12 ? 1 : 0);
      for (let axis = 0; axis < 3; axis++) {
        const share = axis === (across ? 0 : 1) ? 1 : axis === 2 ? 0.2 : tilt;
        motion[(i * 24 + t) * 3 + axis] = push * share + 0.5 * noise();
      }
    }
  }
  const modalities = {
    camera: { data: camera, shape: [12, 12, 1], unit: 'intensity', range: [0, 1] as [number, number] },
    motion: { data: motion, shape: [24, 3], unit: 'm/s^2' },
  };
  return fromArrays({ modalities, labels, classes });
}

/** The mulberry32 generator, numbers in [0, 1), written out so that this example depends on published packages only. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
