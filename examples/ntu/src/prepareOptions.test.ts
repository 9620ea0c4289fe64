import { expect, it } from 'vitest';
import { prepareOptions } from './prepareOptions.js';
import { resolveSettings } from './settings/resolveSettings.js';

const video = { frames: 8, size: 36, sampling: 'uniform', crop: 'person' };

it('gives each format its options', () => {
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

it('asks for missing paths', () => {
  const { settings } = resolveSettings({ preset: 'smoke', data: 'ntu60' });
  expect(() => prepareOptions({ settings, roots: { videos: '/v' } })).toThrow(
    "--root: got no path of NTU RGB+D 60's files; expected --root skeletons=DIR. Add it.",
  );
});
