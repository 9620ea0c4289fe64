import { describe, expect, it } from 'vitest';
import { coco17Bones, coco17Mirror } from './coco17.js';
import { imigueBones, imigueMirror, imigueUpperBody, imigueUpperBones, imigueUpperMirror } from './imigue.js';
import type { JointPairs } from './jointPairs.js';
import { kinectV1Bones, utdMhadMirror } from './kinectV1.js';
import { ntuBones, ntuBonesOfStgcn, ntuJoints, ntuMirror } from './ntu.js';
import { openpose18Bones, openpose18Mirror } from './openpose18.js';

const upper = imigueUpperBody.length;

describe.each<[string, joints: number, JointPairs, JointPairs]>([
  ['NTU', ntuJoints.length, ntuBones, ntuMirror],
  ['NTU as ST-GCN has it', ntuJoints.length, ntuBonesOfStgcn, ntuMirror],
  ['Kinect v1', 20, kinectV1Bones, utdMhadMirror],
  ['COCO-17', 17, coco17Bones, coco17Mirror],
  ['OpenPose-18', 18, openpose18Bones, openpose18Mirror],
  ['iMiGUE', 35, imigueBones, imigueMirror],
  ['iMiGUE, upper body', upper, imigueUpperBones, imigueUpperMirror],
])('%s', (_name, joints, bones, mirror) => {
  it('is a tree of all joints', () => {
    expect(bones).toHaveLength(joints - 1);
    const reached = new Set([bones[0]![0]]);
    for (let round = 0; round < joints; round++) {
      for (const [a, b] of bones) if (reached.has(a) || reached.has(b)) reached.add(a).add(b);
    }
    expect([...reached].sort((a, b) => a - b)).toEqual(Array.from({ length: joints }, (_, i) => i));
  });

  it('has the same bones after a mirror, which moves each joint at most once', () => {
    expect(new Set(mirror.flat()).size).toBe(2 * mirror.length);
    const partner = Array.from({ length: joints }, (_, i) => i);
    for (const [a, b] of mirror) [partner[a], partner[b]] = [b, a];
    const sorted = (pairs: JointPairs) => pairs.map((bone) => [...bone].sort().join()).sort();
    expect(sorted(bones.map(([a, b]) => [partner[a]!, partner[b]!]))).toEqual(sorted(bones));
  });
});
