import { everyGraphNetwork, fourJoints } from '@amr/testing/networks/graphNetwork';
import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import { describe, expect, it } from 'vitest';
import { multiplyAdds } from '../../cost/multiplyAdds.js';
import { parameterCount } from '../../cost/parameterCount.js';
import { agcn } from './agcn.js';

everyGraphNetwork('agcn', agcn, { width: 4 });

describe('agcn', () => {
  it('has the parameters of the published code at 60 classes and 25 joints, person statistics aside', () => {
    const { model: encoder, stages, features } = agcn({ frames: 300 });
    expect(parameterCount(encoder) + 256 * 60 + 60).toBe(3_469_510 - 150);
    expect(stages.map(({ shape }) => shape)).toEqual([
      [null, 2, 300, 25, 64],
      [null, 2, 150, 25, 128],
      [null, 2, 75, 25, 256],
    ]);
    expect(features.shape).toEqual([null, 256]);
    // Convolutions plus products between joints.
    expect(multiplyAdds(encoder)).toBe(18_540_000_000 + 867_375_000);
    encoder.dispose();
  });

  it('gives the outputs and gradients of PyTorch with its weights', async () => {
    const encoder = agcn({ frames: 5, layout: fourJoints, width: 8, blocks: [1, 2], normalize: 'none' });
    await expectTorchGolden(encoder.model, 'agcn');
  });

  it('refuses a smaller width, and says what it expects', () => {
    expect(() => agcn({ frames: 4, width: 3 })).toThrow(/^agcn\.width: got 3; expected 4 or more/);
  });
});
