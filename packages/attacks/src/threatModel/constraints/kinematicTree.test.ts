import { values } from '@amr/testing/attacks/models';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ThreatModelError } from '../../errors.js';
import { incidence, kinematicTree, pathsFromRoot } from './kinematicTree.js';

/** Any tree, with its joints and bones in any order and direction. */
const trees = fc
  .integer({ min: 2, max: 12 })
  .chain((joints) =>
    fc.record({
      names: fc.shuffledSubarray(
        Array.from({ length: joints }, (_, i) => i),
        { minLength: joints },
      ),
      parents: fc.array(fc.nat(), { minLength: joints - 1, maxLength: joints - 1 }),
      flips: fc.array(fc.boolean(), { minLength: joints - 1, maxLength: joints - 1 }),
    }),
  )
  .map(({ names, parents, flips }) =>
    parents.map((draw, i): [number, number] => {
      const ends = [names[draw % (i + 1)]!, names[i + 1]!] as const;
      return flips[i] ? [ends[1], ends[0]] : [ends[0], ends[1]];
    }),
  );

describe('kinematicTree', () => {
  it('contains each joint once, after its parent, connected to it by one of the bones', () => {
    fc.assert(
      fc.property(trees, (edges) => {
        const { order, place, levels, parents } = kinematicTree({ edges }, 'boneLengths');
        expect([...order].sort((a, b) => a - b)).toEqual(order.map((_, joint) => joint));
        expect(order.map((joint) => place[joint])).toEqual(order.map((_, i) => i));
        const bones = parents.map((parent, i) => [order[parent]!, order[i + 1]!].sort((a, b) => a - b));
        const given = edges.map((edge) => [...edge].sort((a, b) => a - b));
        expect(bones.map(String).sort()).toEqual(given.map(String).sort());
        for (const [i, parent] of parents.entries()) expect(parent).toBeLessThan(i + 1);
        let above = 0;
        for (const level of levels) {
          for (const [i, number] of level.above.entries()) {
            expect(parents[level.start - 1 + i]).toBe(above + number);
          }
          above = level.start;
        }
      }),
      { numRuns: 25 },
    );
  });

  it('starts at the joint from which the tree is least deep, or at the given root', () => {
    const chain: [number, number][] = [
      [3, 4],
      [0, 1],
      [2, 1],
      [3, 2],
    ];
    expect(kinematicTree({ edges: chain }, 'boneLengths').order[0]).toBe(2);
    expect(kinematicTree({ edges: chain }, 'boneLengths').levels).toHaveLength(2);
    expect(kinematicTree({ edges: chain, root: 0 }, 'boneLengths').order).toEqual([0, 1, 2, 3, 4]);
  });

  it('has matrices for the bones of joints and for the bones on the path to a joint', () => {
    const edges = [
      [0, 1],
      [0, 2],
      [2, 3],
    ] as const;
    const tree = kinematicTree({ edges, root: 0 }, 'boneLengths');
    expect(values(incidence(tree))).toEqual([-1, 1, 0, 0, -1, 0, 1, 0, 0, 0, -1, 1]);
    expect(values(pathsFromRoot(tree))).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 1, 1]);
  });

  it.each([
    [{ edges: [[1, 2] as const] }, /^boneLengths\.edges: got \[1, 2\]; .*joints from 0 to 1.*counted from 0/],
    [{ edges: [[0, 0] as const] }, /^boneLengths\.edges: got \[0, 0\]; expected two different joints/],
    [{ edges: [[0, 0.5] as const] }, /^boneLengths\.edges: got \[0, 0\.5\]/],
    [
      {
        edges: [
          [0, 1],
          [1, 2],
          [2, 0],
        ] as const,
      },
      /^boneLengths\.edges: .*; expected a tree, but no bones lead from joint 0 to \[3\]/,
    ],
    [{ edges: [[0, 1] as const], root: 2 }, /^boneLengths\.root: got 2; expected one of the joints 0 to 1/],
  ])('refuses what is not a tree: %o', (options, message) => {
    expect(() => kinematicTree(options, 'boneLengths')).toThrow(ThreatModelError);
    expect(() => kinematicTree(options, 'boneLengths')).toThrow(message);
  });
});
