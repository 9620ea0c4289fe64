import { decode } from 'fast-png';
import { expect, it } from 'vitest';
import { type ClipPair, clipFigure } from './pictures.js';

const size = 2 * 4 * 4;
const pair = (change: number): ClipPair => ({
  id: 'x',
  truth: 'wave',
  cleanPrediction: 'wave',
  attackedPrediction: 'clap',
  video: {
    clean: Array(size).fill(0.5),
    attacked: Array(size).fill(0.5 + change),
    shape: [2, 4, 4, 1],
    epsilon: 0.1,
  },
  skeleton: {
    clean: [0, 0, 2, 0, 1, 2, 0, 0, 2, 0, 1, 2, ...Array(12).fill(0)],
    attacked: [0.01, 0, 2, 0, 1, 2, 0, 0, 2, 0, 1, 2, ...Array(12).fill(0)],
    shape: [2, 2, 2, 3],
    epsilon: 0.02,
  },
});

/** The grey values of the first pixel of each picture. */
const greys = (svg: string) =>
  [...svg.matchAll(/base64,([^"]+)"/g)].map((match) => decode(Buffer.from(match[1]!, 'base64')).data[0]!);

it('shows frames, attacked frames and the perturbation at full contrast', () => {
  expect(new Set(greys(clipFigure(pair(0), [[0, 1]])))).toEqual(new Set([128]));
  const rows = greys(clipFigure(pair(0.1), [[0, 1]]));
  // Grey, a little lighter, and white: the perturbation is at its limit.
  expect(new Set(rows)).toEqual(new Set([128, 153, 255]));
});

it('draws present bodies only, twice for each of the two skeleton rows', () => {
  const lines = clipFigure(pair(0), [[0, 1]]).match(/<line /g) ?? [];
  expect(lines).toHaveLength(6 * 4);
});
