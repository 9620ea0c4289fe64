import { expect, it } from 'vitest';
import { pysklNames } from './pysklNames.js';

it('counts the blocks of ST-GCN through all stages, in the order of their numbers', () => {
  // The shortcut of a block may come before the block in a model's layers.
  const layers = [
    'InputNorm',
    'Stage2Block1Shortcut',
    'Stage1Block1Graph',
    'Stage1Block2Graph',
    'Stage2Block1Graph',
  ];
  const names = [
    'InputNorm',
    'Stage1Block2GraphNorm',
    'Stage2Block1Temporal',
    'Stage2Block1ShortcutNorm',
    'logits',
  ];
  expect(names.map((name) => pysklNames(name, layers))).toEqual([
    'backbone.data_bn',
    'backbone.gcn.1.gcn.bn',
    'backbone.gcn.2.tcn.conv',
    'backbone.gcn.2.residual.bn',
    'cls_head.fc_cls',
  ]);
});

it.each(['Stem', 'Stage1Block1Conv1', 'constructor', 'Stage1Block1'])('does not know %s', (name) => {
  expect(pysklNames(name, [name])).toBeUndefined();
});
