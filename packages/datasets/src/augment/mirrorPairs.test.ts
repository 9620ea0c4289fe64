import { type SkeletonLayout, skeletonGraph } from '@amr/encoders';
import { expect, it } from 'vitest';
import { augmentation } from './augmentation.js';
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

it('are required where joints of an unknown layout are mirrored', () => {
  const modalities = { body: { shape: [1, 4, 21, 3], unit: 'metres', kind: 'skeleton' as const } };
  expect(() => augmentation(modalities, ['a'], { mirror: 0.5 })).toThrow(
    /mirrorJoints: got undefined; .*'body' has 21 joints.*Give mirrorJoints/,
  );
  expect(augmentation(modalities, ['a'], { roll: 5 }).modalities).toEqual(modalities);
});

it('refuses to mirror, roll or enlarge key points in pixels', () => {
  const modalities = { body: { shape: [1, 4, 17, 3], unit: 'pixels', kind: 'keypoints' as const } };
  for (const options of [{ mirror: 0.5 }, { roll: 5 }, { zoom: 0.1 }]) {
    expect(() => augmentation(modalities, ['a'], options)).toThrow(
      /got key points 'body' in pixels.*from the middle of the picture/,
    );
  }
  expect(augmentation(modalities, ['a'], { cropTime: 0.2 }).modalities).toEqual(modalities);
});
