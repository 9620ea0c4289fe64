import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatSkeletonFile } from '../sets/ntu/formatSkeletonFile.js';

/** Number of samples that {@link writeSkeletonFiles} writes. */
export const SAMPLES = 24;

const threeDigits = (value: number) => String(value).padStart(3, '0');

/** Name of the i-th file: its setup is 1, its camera i modulo 3, its subject one of 1 to 3, its action i, all from 1. */
export const fileName = (i: number) =>
  `S001C${threeDigits(1 + (i % 3))}P${threeDigits(1 + (i >> 3))}R001A${threeDigits(1 + i)}.skeleton`;

/** Writes recordings of one body, long enough that a signal arrives before the last is prepared. */
export function writeSkeletonFiles(folder: string): void {
  for (let i = 0; i < SAMPLES; i++) {
    const frames = 60;
    const body = {
      id: '72057594037944738',
      frames: Int32Array.from({ length: frames }, (_, t) => t),
      places: new Int32Array(frames),
      fields: new Float32Array(frames * 9),
      joints: Float32Array.from({ length: frames * 25 * 12 }, (_, k) => Math.sin(k + i) + (k % 12)),
    };
    writeFileSync(join(folder, fileName(i)), formatSkeletonFile({ frames, bodies: [body] }));
  }
}
