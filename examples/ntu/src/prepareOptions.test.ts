import { expect, it } from 'vitest';
import { prepareOptions } from './prepareOptions.js';
import { resolveSettings } from './settings/resolveSettings.js';

const video = { frames: 8, size: 36, sampling: 'uniform', crop: 'person' };

it('gives each format what it takes', () => {
  const of = (data: string) => ({
    settings: resolveSettings({ preset: 'smoke', data }).settings,
    roots: { skeletons: '/s', videos: '/v' },
  });
  expect(prepareOptions(of('ntu60'))).toEqual({
    skeletons: '/s',
    videos: '/v',
    video: { ...video, margin: 0.25 },
    skeleton: { persons: 2, frames: 32 },
  });
  expect(prepareOptions(of('imigue'))).toEqual({
    skeletons: '/s',
    videos: '/v',
    video: { ...video, margin: 0.1 },
    skeleton: { joints: 'upper', frames: 32 },
  });
});

it('asks for the places that are missing', () => {
  const { settings } = resolveSettings({ preset: 'smoke', data: 'ntu60' });
  expect(() => prepareOptions({ settings, roots: { videos: '/v' } })).toThrow(
    'where are the files of NTU RGB+D 60? Give --root skeletons=DIR',
  );
});
