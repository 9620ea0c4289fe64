import { describe, expect, it } from 'vitest';
import { help, OptionError, optionsOf } from './options.js';

describe('options', () => {
  it('measure everything but what is hidden when nothing is said', () => {
    const options = optionsOf([])!;
    expect(options.cases).toEqual(['r3d-10', 'r3d-10-full', 'stgcn', 'two-stream', 'quickstart']);
    expect(options.backends).toEqual(['onnx', 'wasm', 'wasm-stock', 'cpu']);
    expect(options).toMatchObject({ rounds: 5, threads: [1, 2], torchDevice: 'cpu', limit: 60 });
  });

  it('are read, in the order of the tables, behind the -- that pnpm puts there', () => {
    const options = optionsOf([
      '--',
      '--cases',
      'two-stream, r3d-10',
      '--backends',
      'webgpu,wasm',
      '--quick',
    ]);
    expect(options).toMatchObject({
      cases: ['r3d-10', 'two-stream'],
      backends: ['wasm', 'webgpu'],
      rounds: 2,
    });
  });

  it('leave PyTorch out, or on a GPU', () => {
    expect(optionsOf(['--threads', '0'])!.threads).toEqual([]);
    expect(optionsOf(['--torch-device', 'cuda'])!).toMatchObject({ threads: [1], torchDevice: 'cuda' });
  });

  it('ask for help, which names each of them', () => {
    expect(optionsOf(['--cases', 'nope', '--help'])).toBeUndefined();
    for (const option of [
      'backends',
      'cases',
      'tasks',
      'rounds',
      'threads',
      'python',
      'torch-device',
      'limit',
    ]) {
      expect(help).toContain(`--${option} `);
    }
  });

  it.each([
    [['--cases', 'resnet'], /--cases: got 'resnet'; expected some of r3d-10, /],
    [['--tasks', 'forward,backward'], /--tasks: got 'backward'; expected some of forward, /],
    [['--backends', 'cuda'], /--backends: got 'cuda'; expected some of onnx, /],
    [['--rounds', '0'], /--rounds: got '0'; expected a whole number above 0/],
    [['--threads', '2,x'], /--threads: got 'x'/],
    [['--limit', '1.5'], /--limit: got '1.5'/],
    [['--torch-device', 'tpu'], /--torch-device: got 'tpu'; expected cpu or cuda/],
    [['--round', '3'], /Unknown option '--round'.*--help/],
    [['three'], /Unexpected argument 'three'/],
  ])('refuse %j', (args, message) => {
    expect(() => optionsOf(args)).toThrow(OptionError);
    expect(() => optionsOf(args)).toThrow(message);
  });
});
