import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DatasetError } from '../../datasetError.js';
import { formatSkeletonFile } from './formatSkeletonFile.js';
import { parseSkeletonFile } from './parseSkeletonFile.js';
import { bodyFields, jointFields, jointValues, type SkeletonRecording } from './skeletonFile.js';

const joint = (x: number | string) => `${x} -0.5 3.25 250.5 200 960 540 0 0 1e-3 -0 2`;
const bodyLines = (id: string, x: number | string = 0.125) => [
  `${id} 0 1 1 1 1 0 0.02 -0.08 2`,
  '25',
  ...Array.from({ length: 25 }, () => joint(x)),
];
const id = '72057594037931101';
/** Frame 2 is empty; in frame 3 the bodies are in reverse order. */
const twoBodies = [
  '3',
  '2',
  ...bodyLines(id, 0.125),
  ...bodyLines('72057594037931102', 1),
  '0',
  '2',
  ...bodyLines('72057594037931102', 2),
  ...bodyLines(id, 3),
];

describe('parseSkeletonFile', () => {
  it('follows bodies over frames, empty ones included, with ids beyond 2^53', () => {
    const { frames, bodies } = parseSkeletonFile(twoBodies.join('\r\n'));
    expect(frames).toBe(3);
    expect(bodies.map((body) => body.id)).toEqual([id, '72057594037931102']);
    expect(bodies.map((body) => Array.from(body.frames))).toEqual([
      [0, 2],
      [0, 2],
    ]);
    expect(bodies.map((body) => Array.from(body.places))).toEqual([
      [0, 1],
      [1, 0],
    ]);
    const [first] = bodies as [(typeof bodies)[number]];
    expect(first.joints).toHaveLength(2 * 25 * 12);
    expect(Array.from(first.joints.subarray(0, 12))).toEqual(
      [0.125, -0.5, 3.25, 250.5, 200, 960, 540, 0, 0, 1e-3, -0, 2].map(Math.fround),
    );
    expect(Array.from(first.fields.subarray(0, 9))).toEqual(
      [0, 1, 1, 1, 1, 0, 0.02, -0.08, 2].map(Math.fround),
    );
    expect(Array.from(jointValues(first, ['x', 'colorY']).subarray(50, 54))).toEqual([3, 540, 3, 540]);
  });

  it('accepts blanks at the ends of lines and of the file, and a recording without bodies', () => {
    expect(parseSkeletonFile(`${twoBodies.join(' \t\n')} \r\n\n \n`)).toEqual(
      parseSkeletonFile(twoBodies.join('\n')),
    );
    expect(parseSkeletonFile('2\n0\n0\n')).toEqual({ frames: 2, bodies: [] });
  });

  it.each([
    ['0.30000001192092896', 0.3],
    ['1e-7', 1e-7],
    ['-.5E+1', -5],
    ['+7.', 7],
    ['123456789012345680', 123456789012345680],
    ['000000000000000000001.5', 1.5],
    ['0.1234567890123456789', 0.12345678901234568],
  ])('reads %s as the nearest 32-bit float', (text, value) => {
    const { bodies } = parseSkeletonFile(['1', '1', ...bodyLines(id, text)].join('\n'));
    expect(bodies[0]!.joints[0]).toBe(Math.fround(value));
  });

  it('keeps pixels that the sensor could not locate', () => {
    const odd = '0 0 3 -inf nan -1.#IND 1.#INF 0 0 0 0 1';
    const lines = ['1', '1', ...bodyLines(id).slice(0, -1), odd];
    const { bodies } = parseSkeletonFile(lines.join('\n'));
    expect(Array.from(bodies[0]!.joints.subarray(-9, -5))).toEqual([-Infinity, NaN, NaN, Infinity]);
  });

  it.each<[string, (lines: string[]) => string[], number, RegExp]>([
    ['no text', () => [], 1, /got the file's end; expected the number of frames/],
    ['words', () => ['<html>', 'not found'], 1, /got '<html>'; expected the number of frames/],
    [
      'a count of frames that lies',
      ([, ...lines]) => ['900000000', ...lines],
      1,
      /got 900000000 frames in a file of/,
    ],
    [
      'more frames than there are',
      ([, ...lines]) => ['4', ...lines],
      112,
      /got the file's end; expected the number of bodies in frame 4/,
    ],
    [
      'fewer frames than there are',
      ([, ...lines]) => ['2', ...lines],
      58,
      /got more lines behind the last of 2 frames/,
    ],
    [
      'more bodies than there are',
      (lines) => lines.with(1, '3'),
      57,
      /got the line's end; expected clippedEdges/,
    ],
    [
      'half a number of bodies',
      (lines) => lines.with(1, '1.5'),
      2,
      /got '1\.5'; expected the number of bodies/,
    ],
    ['20 joints', (lines) => lines.with(3, '20'), 4, /got 20 joints; expected 25/],
    [
      'an id that is not a number',
      (lines) => lines.with(2, lines[2]!.replace('7205', 'x')),
      3,
      /expected the id of body 1 of 2/,
    ],
    [
      'a short line',
      (lines) => lines.with(4, '0 0 0'),
      5,
      /got the line's end; expected depthX, field 4 of 12/,
    ],
    ['a long line', (lines) => lines.with(4, `${lines[4]} 7`), 5, /got '7' behind 12 fields/],
    [
      'a coordinate that is not a number',
      (lines) => lines.with(4, joint('0,5')),
      5,
      /got '0,5'; expected x, a number/,
    ],
    ['a hexadecimal one', (lines) => lines.with(4, joint('0x1f')), 5, /got '0x1f'; expected x/],
    ['NaN', (lines) => lines.with(28, joint('nan')), 29, /x: got NaN; expected a finite number of metres/],
    ['infinity', (lines) => lines.with(5, joint('-Infinity')), 6, /x: got -Infinity/],
    [
      'a huge number',
      (lines) => lines.with(5, joint('1e300')),
      6,
      /got 1e\+300; expected a number within the range/,
    ],
    [
      'a body named twice',
      (lines) => lines.with(29, lines[2]!),
      30,
      /got body 72057594037931101 twice in frame 1/,
    ],
    [
      'a missing line',
      (lines) => lines.toSpliced(10, 1),
      29,
      /got the line's end; expected x, field 1 of 12|end|expected/,
    ],
    ['an empty line', (lines) => lines.toSpliced(1, 0, ''), 2, /expected the number of bodies/],
  ])('refuses %s', (_, change, line, reason) => {
    const text = change([...twoBodies]).join('\n');
    const error = errorOf(() => parseSkeletonFile(text, 'a.skeleton'));
    expect(error.message).toMatch(reason);
    expect({ file: error.file, line: error.line }).toEqual({ file: 'a.skeleton', line });
  });

  it('throws an error with a line for every damaged file', () => {
    const text = twoBodies.join('\n');
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.nat(60),
        fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom('', '\n', '9'.repeat(30), ' 1e999', '-', '\0')),
        (at, cut, insert) => {
          const damaged = text.slice(0, at) + insert + text.slice(at + cut);
          try {
            expect(parseSkeletonFile(damaged).frames).toBeLessThan(100);
          } catch (error) {
            expect(error).toBeInstanceOf(DatasetError);
            expect((error as DatasetError).line).toBeGreaterThan(0);
            expect((error as DatasetError).line).toBeLessThanOrEqual(damaged.split('\n').length);
          }
        },
      ),
    );
  });

  it('refuses lines in another order', () => {
    fc.assert(
      fc.property(fc.nat(twoBodies.length - 1), fc.nat(twoBodies.length - 1), (a, b) => {
        const lines = twoBodies.with(a, twoBodies[b]!).with(b, twoBodies[a]!);
        try {
          // Lines of the same kind may be swapped.
          expect(parseSkeletonFile(lines.join('\n')).frames).toBe(3);
          expect(lines[a]!.split(' ')).toHaveLength(lines[b]!.split(' ').length);
        } catch (error) {
          expect(error).toBeInstanceOf(DatasetError);
        }
      }),
    );
  });
});

describe('formatSkeletonFile', () => {
  const finite = fc.float({ noNaN: true, noDefaultInfinity: true });
  const any = fc.float();

  /** Recordings of up to three bodies that come and go, in any order in each frame. */
  const recordings: fc.Arbitrary<SkeletonRecording> = fc
    .record({
      presence: fc.array(fc.shuffledSubarray(['7', id, '72057594037931102']), { maxLength: 4 }),
      positions: fc.array(finite, { minLength: 3, maxLength: 30 }),
      others: fc.array(any, { minLength: 3, maxLength: 30 }),
    })
    .map(({ presence, positions, others }) => {
      const ids = [...new Set(presence.flat())];
      let next = 0;
      return {
        frames: presence.length,
        bodies: ids.map((body) => {
          const frames = presence.flatMap((there, frame) => (there.includes(body) ? [frame] : []));
          const value = (from: number[]) => from[next++ % from.length]!;
          return {
            id: body,
            frames: Int32Array.from(frames),
            places: Int32Array.from(frames, (frame) => presence[frame]!.indexOf(body)),
            fields: Float32Array.from({ length: frames.length * bodyFields.length }, () => value(others)),
            joints: Float32Array.from({ length: frames.length * 25 * jointFields.length }, (_, i) =>
              value(i % jointFields.length < 3 ? positions : others),
            ),
          };
        }),
      };
    });

  it('writes a text that parses to the same recording', () => {
    fc.assert(
      fc.property(recordings, (recording) => {
        expect(parseSkeletonFile(formatSkeletonFile(recording))).toEqual(recording);
      }),
      { numRuns: 60 },
    );
  });

  it('reproduces the lines of a file', () => {
    const text = `${twoBodies.join('\n').replaceAll('1e-3', '0.001')}\n`;
    expect(formatSkeletonFile(parseSkeletonFile(text))).toBe(text);
  });

  it("refuses arrays that don't match", () => {
    const recording = parseSkeletonFile(twoBodies.join('\n'));
    const [body] = recording.bodies as [SkeletonRecording['bodies'][number]];
    const wrong = (change: object) => () =>
      formatSkeletonFile({ frames: 3, bodies: [{ ...body, ...change }] });
    expect(wrong({ joints: body.joints.subarray(1) })).toThrow(
      /body 72057594037931101: got 599 joint values/,
    );
    expect(wrong({ places: new Int32Array(1) })).toThrow(/got 1 places for 2 frames/);
    expect(wrong({ id: 'one' })).toThrow(/body 'one': .*digits as the id/);
    expect(wrong({ frames: Int32Array.of(2, 2) })).toThrow(/got frame 2; expected ascending/);
    expect(wrong({ frames: Int32Array.of(0, 3) })).toThrow(/got frame 3; expected ascending numbers below 3/);
  });
});

function errorOf(run: () => unknown): DatasetError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(DatasetError);
    return error as DatasetError;
  }
  throw new Error('no error was thrown');
}
