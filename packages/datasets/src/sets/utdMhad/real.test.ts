import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { utdMhad } from './utdMhad.js';
import { utdMhadFormat } from './utdMhadFormat.js';

const data = fileURLToPath(new URL('../../../../../../shared/data', import.meta.url));
const [root, compact] = [`${data}/utd-mhad-raw`, `${data}/utd-mhad-compact`];

describe.skipIf(!existsSync(root) || !existsSync(compact))(
  `54 real performances (skipped unless ${data} is there)`,
  () => {
    it('give the skeletons and depth of the compact data set', async () => {
      const expected = await utdMhad(compact, { split: { subjects: [1, 2] } });
      const { samples, modalities, classes } = await utdMhadFormat.list({ root });
      expect(samples).toHaveLength(54);
      expect(classes).toEqual(expected.classes);
      expect(Object.keys(modalities)).toEqual(['depth', 'skeleton', 'inertial']);
      const skeletons = { values: 0, largest: 0 };
      const depth = { values: 0, differ: 0, largest: 0 };
      const start = performance.now();
      for (const sample of samples) {
        const row = expected.ids.indexOf(sample.id);
        expect(expected.labels[row]).toBe(sample.label);
        const { arrays, facts } = await utdMhadFormat.read(sample, { root });
        for (const [name, { shape }] of Object.entries(modalities)) {
          expect(arrays[name]).toHaveLength(shape.reduce((product, size) => product * size));
        }
        const joints = expected.values(row, 'skeleton');
        for (const [i, value] of arrays.skeleton!.entries()) {
          skeletons.largest = Math.max(skeletons.largest, Math.abs(value - joints[i]!));
        }
        skeletons.values += joints.length;
        const pictures = expected.values(row, 'depth');
        for (const [i, value] of arrays.depth!.entries()) {
          const difference = Math.abs(value - Math.round(pictures[i]! * 255));
          depth.differ += difference > 0 ? 1 : 0;
          depth.largest = Math.max(depth.largest, difference);
        }
        depth.values += pictures.length;
        expect(facts!.frames).toBe(facts!.depthFrames);
      }
      const seconds = (performance.now() - start) / 1000;
      console.log(
        `54 performances in ${seconds.toFixed(1)} s: skeletons differ by at most ${skeletons.largest} m of ${skeletons.values} values, ` +
          `depth by at most ${depth.largest} of 255 in ${depth.differ} of ${depth.values} pixels`,
      );
      // Both are linear mixes, rounded to float32 once or twice: two of its steps at the largest depth of 4 m.
      expect(skeletons.largest).toBeLessThanOrEqual(5e-7);
      // The same sums in another order: a mean at a half is rounded up in one and down in the other, which is rare.
      expect(depth.largest).toBeLessThanOrEqual(1);
      expect(depth.differ / depth.values).toBeLessThan(1e-4);
    });
  },
);
