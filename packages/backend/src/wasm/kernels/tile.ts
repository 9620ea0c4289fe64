import { Tile, type TileAttrs, util } from '@tensorflow/tfjs-core';
import type { ComposedKernel } from './kernel.js';

/** Repeats a tensor along its axes, by copies of whole runs. */
export const tile: ComposedKernel = {
  kernelName: Tile,
  compose: (stock) => (call) => {
    const { inputs, backend, attrs } = call;
    const x = inputs['x']!;
    if (x.dtype === 'string') return stock!(call);
    const { reps } = attrs as unknown as TileAttrs;
    const out = backend.makeOutput(
      x.shape.map((size, axis) => size * reps[axis]!),
      x.dtype,
    );
    if (util.sizeFromShape(out.shape) === 0) return out;
    const source = backend.typedArrayFromHeap(x);
    const target = backend.typedArrayFromHeap(out);
    const rank = x.shape.length;
    // Trailing axes that aren't repeated are one run of memory.
    let inner = rank;
    let run = 1;
    while (inner > 0 && reps[inner - 1] === 1) run *= x.shape[--inner]!;
    let read = 0;
    let written = 0;
    const fill = (axis: number): void => {
      if (axis >= inner) {
        if (run === 1) target[written] = source[read]!;
        else target.set(source.subarray(read, read + run), written);
        read += run;
        written += run;
        return;
      }
      const start = written;
      for (let i = 0; i < x.shape[axis]!; i++) fill(axis + 1);
      const length = written - start;
      for (let rep = 1; rep < reps[axis]!; rep++, written += length) {
        target.copyWithin(written, start, start + length);
      }
    };
    fill(0);
    return out;
  },
};
