import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Axis } from '../geometry.js';
import { hasPhases, phasesOf } from './phases.js';

const axis = fc
  .record({
    input: fc.integer({ min: 1, max: 12 }),
    output: fc.integer({ min: 1, max: 8 }),
    filter: fc.integer({ min: 1, max: 7 }),
    stride: fc.integer({ min: 1, max: 4 }),
    dilation: fc.integer({ min: 1, max: 3 }),
    padBefore: fc.integer({ min: -2, max: 4 }),
  })
  .filter(hasPhases);

/** Which input meets which output in which tap, as the convolution itself has it. */
function meetings({ input, output, filter, stride, dilation, padBefore }: Axis): string[] {
  const met: string[] = [];
  for (let o = 0; o < output; o++) {
    for (let k = 0; k < filter; k++) {
      const i = o * stride - padBefore + k * dilation;
      if (i >= 0 && i < input) met.push(`${i} ${o} ${k}`);
    }
  }
  return met.sort();
}

/** The same as the convolutions over the outputs have it. */
function meetingsOfPhases({ input, stride, ...rest }: Axis, together: boolean): string[] {
  const met: string[] = [];
  for (const { offsets, axis: over, taps } of phasesOf({ input, stride, ...rest }, together)) {
    expect(over.stride).toBe(1);
    for (let q = 0; q < over.output; q++) {
      for (let m = 0; m < over.filter; m++) {
        const o = q - over.padBefore + m * over.dilation;
        offsets.forEach((offset, p) => {
          const i = stride * q + offset;
          const k = taps[p]![m];
          if (k !== undefined && i < input && o >= 0 && o < over.input) met.push(`${i} ${o} ${k}`);
        });
      }
    }
  }
  return met.sort();
}

test.each([true, false])('each input meets each output in its tap once; phases together: %s', (together) => {
  fc.assert(
    fc.property(axis, (one) => {
      expect(meetingsOfPhases(one, together)).toEqual(meetings(one));
    }),
  );
});

test('phases apart multiply no zeros', () => {
  fc.assert(
    fc.property(axis, (one) => {
      for (const { taps } of phasesOf(one, false)) expect(taps.flat()).not.toContain(undefined);
    }),
  );
});
