import { type SkeletonLayout, skeletonGraph } from '@amr/encoders';
import { expect, it } from 'vitest';
import { augmenter } from './augmentation.js';
import { mirrorPairs } from './mirrorPairs.js';
import { partners } from './skeletons.js';

it.each<[SkeletonLayout, unpaired: number[]]>([
  ['ntu-rgb+d', [0, 1, 2, 3, 20]],
  ['utd-mhad', [0, 1, 2, 3]],
  ['coco-17', [0]],
  ['openpose-18', [0, 1]],
  ['imigue', [0, 1, 8]],
  ['imigue-upper', [0, 1]],
])('swaps the sides of %s so that its bones stay its bones', (layout, unpaired) => {
  const { joints, edges } = skeletonGraph(layout);
  const partner = partners(joints, mirrorPairs(joints)!);
  expect(partner.map((to) => partner[to])).toEqual(partner.map((_, i) => i));
  expect(partner.flatMap((to, from) => (to === from ? [from] : []))).toEqual(unpaired);
  const bones = (ends: readonly (readonly number[])[]) => ends.map((bone) => [...bone].sort().join()).sort();
  expect(bones(edges.map((bone) => bone.map((joint) => partner[joint]!)))).toEqual(bones(edges));
});

it('is asked for where the joints have no known layout, and for nothing where nothing is mirrored', () => {
  const modalities = { body: { shape: [1, 4, 21, 3], unit: 'metres', kind: 'skeleton' as const } };
  expect(() => augmenter(modalities, ['a'], { mirror: 0.5 })).toThrow(/21 joints of 'body'.*mirrorJoints/);
  expect(augmenter(modalities, ['a'], { roll: 5 }).modalities).toEqual(modalities);
});

it('refuses to mirror, roll or enlarge key points that are told in pixels', () => {
  const modalities = { body: { shape: [1, 4, 17, 3], unit: 'pixels', kind: 'keypoints' as const } };
  for (const options of [{ mirror: 0.5 }, { roll: 5 }, { zoom: 0.1 }]) {
    expect(() => augmenter(modalities, ['a'], options)).toThrow(/'body' are in pixels.*from its middle/);
  }
  expect(augmenter(modalities, ['a'], { cropTime: 0.2 }).modalities).toEqual(modalities);
});
