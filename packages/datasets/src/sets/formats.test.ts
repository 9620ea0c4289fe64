import { expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { sourceFormats } from './formats.js';

const groups = {
  ntu60: ['skeleton', 'video'],
  ntu120: ['skeleton', 'video'],
  imigue: ['skeleton', 'video'],
  pyskl: ['skeleton', 'video'],
  'utd-mhad': ['skeleton', 'inertial', 'depth', 'video'],
  folder: ['skeleton', 'video'],
};
const taken: { [name: string]: object } = {
  imigue: { skeletons: '/none', videos: '/none' },
  pyskl: { file: '/none', videos: '/none' },
  'utd-mhad': { root: '/none' },
  folder: { root: '/none' },
};

it('covers every format', () => {
  expect(Object.keys(groups).sort()).toEqual(Object.keys(sourceFormats).sort());
});

it.each(Object.entries(groups).flatMap(([name, own]) => own.map((group) => [name, group] as const)))(
  '%s refuses an unknown or invalid option of %s before it reads any file',
  async (name, group) => {
    const options = taken[name] ?? { skeletons: '/none', videos: '/none' };
    const listed = sourceFormats[name]!.list({ ...options, [group]: { frame: 8 } });
    await expect(listed).rejects.toThrow(
      `${group}.frame: got an unknown option; expected frames. Rename it.`,
    );
    await expect(sourceFormats[name]!.list({ ...options, [group]: { frames: 0.5 } })).rejects.toThrow(
      `${group}.frames: got 0.5; expected a whole number from 1`,
    );
  },
);

it.each(Object.keys(groups))('%s refuses an unknown option', async (name) => {
  const error = await sourceFormats[name]!.list({ ...taken[name], frames: 8 }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatasetError);
  expect((error as DatasetError).code).toBe('AMR_DATASET');
  expect((error as DatasetError).reason).toMatch(
    new RegExp(`^${name}\\.frames: got an unknown option; expected (minFrames|one of .*skeleton)`),
  );
});
