import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { expect, it } from 'vitest';
import { actionClips } from '../generator/actionClips.js';
import { focalLength } from '../generator/camera.js';
import { fromArrays } from '../source/fromArrays.js';
import { contactSheet } from './contactSheet.js';

it('makes a PNG with a row of frames and a row of skeletons for each sample', async () => {
  const clips = await actionClips({
    samplesPerClass: 2,
    classes: 3,
    resolution: 16,
    frames: { skeleton: 8, rgb: 4 },
  });
  const project = (x: number, y: number, z: number) =>
    [0.5 + (focalLength * x) / z, 0.5 - (focalLength * y) / z] as const;
  const png = await contactSheet(clips, { samples: [0, 1, 2], frames: 3, size: 20, project });
  const folder = await mkdtemp(join(tmpdir(), 'contact-sheet-'));
  try {
    await writeFile(join(folder, 'sheet.png'), png);
    const { width, height, data, channels } = decode(await readFile(join(folder, 'sheet.png')));
    expect([width, height, channels]).toEqual([3 * 22 + 2, 3 * (2 * 22 + 4) + 2, 3]);
    // The top left pixel of the first frame is the clip's, and each skeleton cell contains a bone.
    const first = Array.from(clips.values(0, 'rgb').subarray(0, 3), (value) => Math.round(255 * value));
    expect(Array.from(data.subarray((2 * width + 2) * 3, (2 * width + 2) * 3 + 3))).toEqual(first);
    for (let row = 0; row < 3; row++) {
      for (let cell = 0; cell < 3; cell++) {
        let blue = 0;
        for (let y = 0; y < 20; y++) {
          for (let x = 0; x < 20; x++) {
            const at = ((row * 48 + 24 + y) * width + cell * 22 + 2 + x) * 3;
            if (data[at] === 30 && data[at + 2] === 140) blue++;
          }
        }
        expect(blue).toBeGreaterThan(10);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('draws depth in grey, and only joints without known bones', async () => {
  const depth = { data: new Uint8Array(2 * 4 * 4).fill(128), shape: [2, 4, 4, 1], unit: 'intensity' };
  const skeleton = {
    data: Float32Array.from({ length: 60 * 2 }, (_, i) => Math.sin(i)),
    shape: [1, 2, 20, 3],
    unit: 'metres',
  };
  const dataset = fromArrays({ modalities: { depth, skeleton }, labels: [0], classes: ['a'] });
  const { data, width } = decode(await contactSheet(dataset, { frames: 2, size: 30 }));
  expect(Array.from(data.subarray((5 * width + 5) * 3, (5 * width + 5) * 3 + 3))).toEqual([128, 128, 128]);
  const dots = Array.from({ length: data.length / 3 }, (_, i) => i).filter(
    (i) => data[i * 3] === 200 && data[i * 3 + 1] === 30,
  );
  expect(dots.length).toBeGreaterThan(60);
});

it('refuses data that it can’t draw', async () => {
  const array = { data: new Float32Array(2), shape: [2], unit: 'g' };
  const dataset = fromArrays({ modalities: { inertia: array }, labels: [0], classes: ['a'] });
  await expect(contactSheet(dataset)).rejects.toThrow(/dataset: got no video and no skeleton/);
  await expect(contactSheet(dataset, { video: 'rgb' })).rejects.toThrow(
    /video: got 'rgb'; expected one of inertia/,
  );
});
