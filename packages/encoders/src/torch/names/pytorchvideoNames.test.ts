import { expect, it } from 'vitest';
import { pytorchvideoNames } from './pytorchvideoNames.js';

const stages = ['Stage1', 'Stage2', 'Stage3', 'Stage4'];

it.each([
  ['Stem', 'blocks.0.conv'],
  ['StemTemporal', 'blocks.0.conv.conv_xy'],
  ['Stage1Block3Conv2Norm', 'blocks.1.res_blocks.2.branch2.norm_b'],
  ['Stage4Block1Excitation', 'blocks.4.res_blocks.0.branch2.norm_b.1'],
  ['Stage4Block1Shortcut', 'blocks.4.res_blocks.0.branch1_conv'],
  ['HeadConv1Norm', 'blocks.5.pool.pre_norm'],
  ['logits', 'blocks.5.proj'],
  ['Stage1Block1Conv4', undefined],
  ['StemOther', undefined],
  ['constructor', undefined],
])('calls %s %s', (layer, module) => {
  expect(pytorchvideoNames(layer, stages)).toBe(module);
});

it('counts the pool behind the first stage of I3D', () => {
  const layers = [...stages, 'Stage1Pool'];
  expect(pytorchvideoNames('Stage1Block1Conv1', layers)).toBe('blocks.1.res_blocks.0.branch2.conv_a');
  expect(pytorchvideoNames('Stage2Block1Conv1', layers)).toBe('blocks.3.res_blocks.0.branch2.conv_a');
  expect(pytorchvideoNames('logits', layers)).toBe('blocks.6.proj');
});
