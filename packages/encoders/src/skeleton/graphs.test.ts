import { describe, expect, it } from 'vitest';
import {
  boneParents,
  hopDistances,
  type SkeletonGraph,
  type SkeletonLayout,
  skeletonGraph,
} from './graphs.js';

const chain: SkeletonGraph = { joints: 3, edges: [[0, 1], [1, 2]], center: 0 }; // biome-ignore format: bones

describe('skeletonGraph', () => {
  it.each([
    ['ntu-rgb+d', 25, 20, 3],
    ['ntu-rgb+d-pyskl', 25, 20, 3],
    ['openpose-18', 18, 1, 2],
    ['coco-17', 17, 0, 4],
    ['utd-mhad', 20, 1, 3],
    ['kinect-v1', 20, 1, 3],
    ['imigue', 35, 1, 4],
    ['imigue-upper', 22, 1, 2],
  ] as [SkeletonLayout, number, number, number][])('knows %s, a tree', (layout, joints, center, degree) => {
    const graph = skeletonGraph(layout);
    expect(graph).toMatchObject({ joints, center });
    expect(skeletonGraph({ ...graph })).toEqual(graph); // passes the checks of a graph that a caller gives
    expect(graph.edges.length).toBe(joints - 1);
    expect(hopDistances(graph)[center]!.every((hops) => hops < joints)).toBe(true);
    expect(graph.edges.filter((edge) => edge.includes(center)).length).toBeGreaterThanOrEqual(degree);
    const parents = boneParents(graph);
    expect(parents.filter((parent, joint) => parent === joint).length).toBe(1);
  });

  it('is the same for both hands and both sides of a body', () => {
    const { edges } = skeletonGraph('imigue-upper');
    // Left and right: shoulder, elbow, wrist, eye, ear, finger tips.
    const mirror = [0, 1, 5, 6, 7, 2, 3, 4, 9, 8, 11, 10, 17, 18, 19, 20, 21, 12, 13, 14, 15, 16];
    const key = (a: number, b: number) => `${Math.min(a, b)}-${Math.max(a, b)}`;
    const keys = new Set(edges.map(([a, b]) => key(a, b)));
    for (const [a, b] of edges) expect(keys).toContain(key(mirror[a]!, mirror[b]!));
  });

  it('refuses other graphs, and says what it expects', () => {
    const given = (graph: Partial<SkeletonGraph>) => () => skeletonGraph({ ...chain, ...graph });
    expect(given({ joints: 0 })).toThrow(/^layout\.joints: got 0; expected a whole number from 1\.$/);
    expect(given({ edges: [[0, 1], [1, 1], [1, 2]] })).toThrow(/^layout\.edges\[1\]: got \[1, 1\]; .*two different joints/); // biome-ignore format: bones
    expect(given({ edges: [[0, 1], [1, 2], [2, 1]] })).toThrow(/^layout\.edges\[2\]: got \[2, 1\]; .*each pair of joints once/); // biome-ignore format: bones
    expect(given({ parents: [0, 0] })).toThrow(/^layout\.parents: got \[0, 0\]; .*3 joints/);
    expect(given({ parents: [0, 0, 7] })).toThrow(
      /^layout\.parents\[2\]: got 7; expected a joint from 0 to 2/,
    );
    expect(given({ colour: 1 } as object)).toThrow(/^layout\.colour: got an unknown option/);
  });
});

describe('boneParents', () => {
  it('goes towards the center, and takes the first edge where a cycle gives a choice', () => {
    expect(boneParents({ ...chain, center: 2 })).toEqual([1, 2, 2]);
    const square: SkeletonGraph = { joints: 4, edges: [[0, 1], [1, 2], [2, 3], [3, 0]], center: 0 }; // biome-ignore format: bones
    expect(boneParents(square)).toEqual([0, 0, 1, 0]);
  });

  it('takes the parents that the graph has', () => {
    expect(boneParents(skeletonGraph('openpose-18'))[1]).toBe(0);
    expect(boneParents(skeletonGraph('ntu-rgb+d-pyskl'))[21]).toBe(22);
  });
});
