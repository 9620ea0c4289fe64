import type { Encoder } from '@amr/encoders';
import { i3dResNet50, mc3, r2plus1d, r3d, resnet3d, slowOnly50, x3d } from '@amr/encoders';

type Clip = readonly [number, number, number, number];

const inputShape: Clip = [4, 12, 12, 2];
const tiny = { inputShape, width: 3, blocks: [1, 1], seed: 1 };

/** Each kind of video network at a size for tests. */
export const tinyVideoNetworks: { name: string; inputShape: Clip; build(): Encoder }[] = [
  { name: 'resnet3d', inputShape, build: () => resnet3d({ ...tiny, stemKernel: [3, 3, 3] }) },
  { name: 'r3d', inputShape, build: () => r3d(tiny) },
  { name: 'r3d with bottlenecks', inputShape, build: () => r3d({ ...tiny, depth: 50 }) },
  { name: 'mc3', inputShape, build: () => mc3(tiny) },
  { name: 'r2plus1d', inputShape, build: () => r2plus1d(tiny) },
  { name: 'r2plus1d with bottlenecks', inputShape, build: () => r2plus1d({ ...tiny, depth: 50 }) },
  { name: 'i3dResNet50', inputShape, build: () => i3dResNet50({ ...tiny, blocks: [1, 2] }) },
  { name: 'slowOnly50', inputShape, build: () => slowOnly50(tiny) },
  { name: 'x3d', inputShape, build: () => x3d({ ...tiny, width: 4, blocks: [2, 1], headWidth: 6 }) },
];
