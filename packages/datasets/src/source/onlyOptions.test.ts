import { expect, it } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { sourceFormats } from '../sets/formats.js';

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

it('knows the groups of options of every format', () => {
  expect(Object.keys(groups).sort()).toEqual(Object.keys(sourceFormats).sort());
});

it.each(Object.entries(groups).flatMap(([name, own]) => own.map((group) => [name, group] as const)))(
  '%s refuses an option of %s that nobody reads, before it looks at any file',
  async (name, group) => {
    const options = taken[name] ?? { skeletons: '/none', videos: '/none' };
    const listed = sourceFormats[name]!.list({ ...options, [group]: { frame: 8 } });
    await expect(listed).rejects.toThrow(
      new RegExp(`^${group}: there is no option 'frame'; there are .*frames`),
    );
    await expect(sourceFormats[name]!.list({ ...options, [group]: { frames: 0.5 } })).rejects.toThrow(
      /frames.*0\.5.* was given/,
    );
  },
);

it.each(Object.keys(groups))('%s refuses an option of its own that nobody reads', async (name) => {
  const error = await sourceFormats[name]!.list({ ...taken[name], frames: 8 }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DatasetError);
  expect(String(error)).toMatch(/there is no option/);
});
