import { expect, it } from 'vitest';
import { sourceFormats } from '../sets/formats.js';
import { dataSets } from './dataSets.js';

const commands = new Map(dataSets().map((one) => [one.command.name(), one]));
const videoFlags =
  '--video-frames 8 --size 24 --sampling dense --stride 2 --crop letterbox --margin 0.3 --video-seed 4 --keep-broken-videos --ffmpeg /f';
const video = {
  frames: 8,
  size: 24,
  sampling: 'dense',
  stride: 2,
  crop: 'letterbox',
  margin: 0.3,
  seed: 4,
  damaged: 'keep',
  ffmpeg: '/f',
};
const spine = { center: false, alignView: true };
const ntu = {
  skeletons: '/none',
  videos: '/v',
  classes: [1, 'brush hair'],
  skeleton: { persons: 1, frames: 16, fit: 'loop', emptyFrames: 'keep', denoise: false, ...spine },
  video,
};
const ntuFlags =
  '--skeletons /none --videos /v --classes 1,brush_hair --persons 1 --frames 16 --fit loop --no-denoise --empty-frames keep --no-center --align-view';

it('has a command for each format', () => {
  expect([...commands.keys()].sort()).toEqual(Object.keys(sourceFormats).sort());
});

it.each<[name: string, flags: string, options: object]>([
  ['ntu60', ntuFlags, ntu],
  ['ntu120', ntuFlags, ntu],
  [
    'imigue',
    '--skeletons /none --videos /v --joints all --frames 16 --fit pad --min-frames 3 --picture 640x360 --exclude 1,2 --frames-per-second 30',
    {
      skeletons: '/none',
      videos: '/v',
      skeleton: { joints: 'all', frames: 16, fit: 'pad' },
      minFrames: 3,
      picture: { width: 640, height: 360 },
      exclude: [1, 2],
      framesPerSecond: 30,
      video,
    },
  ],
  [
    'pyskl',
    '--file /none --videos /v --classes a,b --persons 3 --frames 16 --fit loop --no-center --align-view',
    {
      file: '/none',
      videos: '/v',
      classes: ['a', 'b'],
      skeleton: { persons: 3, frames: 16, fit: 'loop', ...spine },
      video,
    },
  ],
  [
    'utd-mhad',
    '--root /none --modalities depth,rgb --frames 16 --inertial-frames 32 --depth-frames 4 --depth-size 32',
    {
      root: '/none',
      modalities: ['depth', 'rgb'],
      skeleton: { frames: 16 },
      inertial: { frames: 32 },
      depth: { frames: 4, size: 32 },
      video,
    },
  ],
  [
    'folder',
    '--root /none --modalities {"emg":{"unit":"volts"}} --persons 1 --frames 16 --fit pad --no-denoise --no-center --align-view',
    {
      root: '/none',
      modalities: { emg: { unit: 'volts' } },
      skeleton: { persons: 1, frames: 16, fit: 'pad', denoise: false, ...spine },
      video,
    },
  ],
])('converts every flag into options that %s accepts', async (name, flags, options) => {
  const { command, optionsOf } = commands.get(name)!;
  const words = `${flags} ${videoFlags}`.split(' ').map((word) => word.replace('_', ' '));
  command.exitOverride().parse(words, { from: 'user' });
  const made = optionsOf(command.opts());
  expect(made).toEqual(options);
  // The options are valid; only the files are missing.
  await expect(sourceFormats[name]!.list(made)).rejects.toThrow(/^\/none: /);
});

it.each(['ntu60', 'imigue', 'pyskl', 'utd-mhad', 'folder'])('leaves the defaults to %s', (name) => {
  const { command, optionsOf } = dataSets().find((one) => one.command.name() === name)!;
  const place = ['ntu60', 'imigue'].includes(name) ? '--skeletons' : name === 'pyskl' ? '--file' : '--root';
  command.exitOverride().parse([place, '/none'], { from: 'user' });
  expect(Object.values(optionsOf(command.opts())).filter((value) => value !== undefined)).toEqual(['/none']);
});
