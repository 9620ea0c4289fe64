import { random } from '@amr/internal';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frameTimes } from './frameTimes.js';

const count = (least: number) =>
  fc
    .tuple(fc.integer({ min: least, max: 80 }), fc.integer({ min: 0, max: 79 }))
    .map(([stored, wanted]) => ({ stored, wanted: least + (wanted % (stored - least + 1)) }));
const counts = (least: number) => fc.record({ rgb: count(least), skeleton: count(least) });
const sampling = fc.constantFrom('uniform' as const, 'segments' as const, 'dense' as const);

describe('frameTimes', () => {
  it('gives the wanted number of frames, in order, the same for the same stream', () => {
    fc.assert(
      fc.property(counts(1), sampling, fc.integer(), (wanted, way, seed) => {
        const frames = frameTimes(wanted, way, () => random(seed));
        expect(frameTimes(wanted, way, () => random(seed))).toEqual(frames);
        for (const name of ['rgb', 'skeleton'] as const) {
          const own = frames[name]!;
          expect(own).toHaveLength(wanted[name].wanted);
          own.forEach((frame, i) => {
            // Parts of the clip that are shorter than two frames may have the same one.
            const least = way === 'segments' ? 0 : 1;
            expect(frame - (own[i - 1] ?? -1)).toBeGreaterThanOrEqual(least);
            expect(frame).toBeLessThan(wanted[name].stored);
          });
        }
      }),
    );
  });

  it('takes all frames where all are wanted, whatever the sampling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 80 }), sampling, fc.integer(), (stored, way, seed) => {
        const { rgb } = frameTimes({ rgb: { stored, wanted: stored } }, way, () => random(seed));
        expect(rgb).toEqual(Array.from({ length: stored }, (_, i) => i));
      }),
    );
  });

  it('takes a dense window at the same part of the clip in all modalities', () => {
    fc.assert(
      fc.property(counts(2), fc.integer(), (wanted, seed) => {
        const frames = frameTimes(wanted, 'dense', () => random(seed));
        const at = (name: 'rgb' | 'skeleton', i: number) => frames[name]!.at(i)! / (wanted[name].stored - 1);
        // Each frame is within half a frame of the time.
        const half = 0.5 / (wanted.rgb.stored - 1) + 0.5 / (wanted.skeleton.stored - 1) + 1e-9;
        expect(Math.abs(at('rgb', 0) - at('skeleton', 0))).toBeLessThanOrEqual(half);
        expect(Math.abs(at('rgb', -1) - at('skeleton', -1))).toBeLessThanOrEqual(half);
        const share = (name: 'rgb' | 'skeleton') => (wanted[name].wanted - 1) / (wanted[name].stored - 1);
        const densest = share('rgb') >= share('skeleton') ? 'rgb' : 'skeleton';
        const own = frames[densest]!;
        expect(own).toEqual(own.map((_, i) => own[0]! + i));
      }),
    );
  });

  it('takes one time of each segment, at which the other modalities have a frame too', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 8 }), (seed, parts) => {
        const wanted = { rgb: { stored: 64, wanted: parts }, skeleton: { stored: 64, wanted: 4 * parts } };
        const { rgb, skeleton } = frameTimes(wanted, 'segments', () => random(seed));
        rgb!.forEach((frame, i) => {
          expect(frame).toBeGreaterThanOrEqual(Math.floor((i * 64) / parts));
          expect(frame).toBeLessThan(((i + 1) * 64) / parts);
          expect(skeleton).toContain(frame);
        });
      }),
    );
  });

  it('draws other frames for other samples', () => {
    const wanted = { rgb: { stored: 64, wanted: 8 } };
    const seen = new Set(
      [...'abcdefgh'].map((id) => String(frameTimes(wanted, 'segments', () => random(id))['rgb'])),
    );
    expect(seen.size).toBe(8);
  });
});
