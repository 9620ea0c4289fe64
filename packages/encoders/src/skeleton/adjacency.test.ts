import { describe, expect, it } from 'vitest';
import { EncoderConfigError } from '../errors.js';
import { adjacency } from './adjacency.js';
import { type SkeletonGraph, skeletonGraph } from './graphs.js';

const chain: SkeletonGraph = { joints: 3, edges: [[0, 1], [1, 2]], center: 0 }; // biome-ignore format: bones

describe('adjacency', () => {
  it('splits a chain as the paper does', () => {
    const [half, third] = [1 / 2, 1 / 3];
    expect(adjacency(chain, 'uniform')).toEqual([[[half, third, 0], [half, third, half], [0, third, half]]]); // biome-ignore format: a matrix
    expect(adjacency(chain, 'distance')[0]).toEqual([[half, 0, 0], [0, third, 0], [0, 0, half]]); // biome-ignore format: a matrix
    const [self, farther, nearer] = adjacency(chain, 'spatial');
    expect(self).toEqual(adjacency(chain, 'distance')[0]);
    expect(farther).toEqual([[0, 0, 0], [half, 0, 0], [0, third, 0]]); // biome-ignore format: a matrix
    expect(nearer).toEqual([[0, third, 0], [0, 0, half], [0, 0, 0]]); // biome-ignore format: a matrix
    const [same, fromParent, fromChild] = adjacency(chain, 'directed');
    expect(same).toEqual([[1, 0, 0], [0, 1, 0], [0, 0, 1]]); // biome-ignore format: a matrix
    expect(fromParent).toEqual([[0, 1, 0], [0, 0, 1], [0, 0, 0]]); // biome-ignore format: a matrix
    expect(fromChild).toEqual([[0, 0, 0], [1, 0, 0], [0, 1, 0]]); // biome-ignore format: a matrix
  });

  it.each(['ntu-rgb+d', 'utd-mhad', 'coco-17', 'imigue'] as const)(
    'has columns that sum to one, of a tree: %s',
    (layout) => {
      const { joints, edges, center } = skeletonGraph(layout);
      expect(edges.length).toBe(joints - 1);
      for (const partition of ['uniform', 'distance', 'spatial'] as const) {
        const matrices = adjacency(layout, partition);
        for (let to = 0; to < joints; to++) {
          const sum = matrices.flat().reduce((total, row) => total + row[to]!, 0);
          expect(sum).toBeCloseTo(1, 10);
        }
      }
      const directed = adjacency(layout, 'directed');
      for (const [k, matrix] of directed.entries()) {
        for (let to = 0; to < joints; to++) {
          const sum = matrix.reduce((total, row) => total + row[to]!, 0);
          const tip = edges.filter((edge) => edge.includes(to)).length === 1 && to !== center;
          expect(sum).toBeCloseTo(k === 1 ? Number(to !== center) : k === 2 ? Number(!tip) : 1, 10);
        }
      }
      // No joint is nearer to the center than the center, so the last partition has no edge from it.
      expect(adjacency(layout, 'spatial')[2]!.every((row) => row[center] === 0)).toBe(true);
    },
  );

  it('refuses other graphs, and says what it expects', () => {
    const given = (graph: Partial<SkeletonGraph>) => () => adjacency({ ...chain, ...graph });
    expect(given({ edges: [[0, 3]] })).toThrow(/^layout\.edges\[0\]: got 3; expected a joint from 0 to 2/);
    expect(given({ edges: undefined })).toThrow(/edges: got undefined; expected pairs/);
    expect(given({ edges: [[0, 1, 2] as never] })).toThrow(/edges: got \[\[0, 1, 2\]\]; expected pairs/);
    expect(given({ center: -1 })).toThrow(/^layout\.center: got -1/);
    expect(given({ edges: [[0, 1]] })).toThrow(
      /^layout\.edges: got no way from the center 0 to the joints 2; /,
    );
    expect(() => adjacency('openpose' as 'utd-mhad')).toThrow(/'openpose'.*openpose-18/);
    expect(() => adjacency('toString' as 'utd-mhad')).toThrow(/'toString'; expected one of ntu/);
    expect(() => adjacency(chain, 'radial' as 'spatial')).toThrow(EncoderConfigError);
    expect(() => adjacency(chain, 'radial' as 'spatial')).toThrow(
      /^partition: got 'radial'; expected one of uniform/,
    );
  });
});
