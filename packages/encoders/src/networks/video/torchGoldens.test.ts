import { expectTorchGolden } from '@amr/testing/networks/torchGolden';
import { expect, it } from 'vitest';
import type { Encoder } from '../../encoder.js';
import { singleStream } from '../../fusion/singleStream.js';
import { i3dResNet50 } from './i3dResNet50.js';
import { mc3, r2plus1d, r3d, resnet3d } from './resnet3d.js';
import { slowOnly50 } from './slowOnly50.js';
import { x3d } from './x3d.js';

const inputShape = [4, 16, 16, 3] as const;
const tiny = { inputShape, width: 4 };

/** The networks of test-data/video_networks.py. */
const networks: [name: string, family: string, build: () => Encoder][] = [
  ['hara', 'torchvision', () => resnet3d({ ...tiny, blocks: [1, 1] })],
  ['r3d-bottleneck', 'torchvision', () => r3d({ ...tiny, depth: 50, blocks: [1, 1] })],
  ['mc3', 'torchvision', () => mc3({ ...tiny, blocks: [1, 2] })],
  ['r2plus1d', 'torchvision', () => r2plus1d({ ...tiny, blocks: [1, 2] })],
  ['r2plus1d-bottleneck', 'torchvision', () => r2plus1d({ ...tiny, depth: 50, blocks: [1, 1] })],
  // An odd number of frames, of which I3D's pool drops the last.
  ['i3d', 'pytorchvideo', () => i3dResNet50({ ...tiny, inputShape: [5, 16, 16, 3], blocks: [1, 2] })],
  ['slow', 'pytorchvideo', () => slowOnly50({ ...tiny, blocks: [1, 1, 1] })],
  ['x3d', 'pytorchvideo', () => x3d({ ...tiny, width: 8, blocks: [2, 2], headWidth: 16 })],
];

it.each(networks)(
  '%s has the logits and input gradients of PyTorch, by %s names',
  async (name, family, build) => {
    const classifier = singleStream(build(), { classes: 3 });
    const report = await expectTorchGolden(classifier, `video-${name}`);
    expect(report).toMatchObject({ names: family, missing: [], unexpected: [], mismatched: [] });
    classifier.dispose();
  },
);
