import { expect, it } from 'vitest';
import { torchvisionNames } from './torchvisionNames.js';

it.each([
  ['Stem', 'stem.0'],
  ['StemTemporalNorm', 'stem.4'],
  ['Stage1Block1Conv1', 'layer1.0.conv1.0'],
  ['Stage3Block12Conv2Norm', 'layer3.11.conv2.1'],
  ['Stage2Block1Conv2Temporal', 'layer2.0.conv2.0.3'],
  ['Stage2Block1Shortcut', 'layer2.0.downsample.0'],
  ['Stage2Block1ShortcutNorm', 'layer2.0.downsample.1'],
  ['logits', 'fc'],
])('%s is %s', (layer, module) => {
  expect(torchvisionNames(layer, [])).toBe(module);
});

it.each(['InputNorm', 'Stage1Block1Graph', 'Stage1Block1Conv1constructor', 'toString'])(
  'does not know %s',
  (name) => {
    expect(torchvisionNames(name, [])).toBeUndefined();
  },
);
