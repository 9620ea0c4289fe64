import { everyGraphNetwork, fourJoints } from '@amr/testing/networks/graphNetwork';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import { describe, expect, it } from 'vitest';
import { multiplyAdds } from '../../cost/multiplyAdds.js';
import { parameterCount } from '../../cost/parameterCount.js';
import { ctrgcn } from './ctrgcn.js';

everyGraphNetwork('ctrgcn', ctrgcn, { width: 4, step: 5e-4 });

describe('ctrgcn', () => {
  it('has the parameters of the published code at 60 classes and 25 joints, person statistics aside', () => {
    const { model: encoder, stages, features } = ctrgcn({ frames: 64 });
    expect(parameterCount(encoder) + 256 * 60 + 60).toBe(1_446_672 - 150);
    expect(stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 64, 25, 64],
      [null, 2, 32, 25, 128],
      [null, 2, 16, 25, 256],
    ]);
    expect(features.shape).toEqual([null, 256]);
    // The published code applies psi and phi to all frames instead of their mean, which costs 170,028,000 more.
    expect(multiplyAdds(encoder)).toBe(1_769_120_800);
    encoder.dispose();
  });

  it('gives the outputs and gradients of PyTorch with its weights', async () => {
    const encoder = ctrgcn({ frames: 5, layout: fourJoints, width: 8, blocks: [1, 2], normalize: 'none' });
    await expectTorchGolden(encoder.model, 'ctrgcn');
  });

  it('refuses other widths and dilations, and says what it expects', () => {
    expect(() => ctrgcn({ frames: 4, width: 3 })).toThrow(/^ctrgcn\.width: got 3; expected 4 or more/);
    expect(() => ctrgcn({ frames: 4, width: 4, dilations: [1, 2, 3] })).toThrow(
      /width: got 4; expected 5 or more/,
    );
    expect(() => ctrgcn({ frames: 4, dilations: [] })).toThrow(/^ctrgcn\.dilations: got \[\]/);
  });
});
