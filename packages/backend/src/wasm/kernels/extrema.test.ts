import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { expectAsOnCpu, run, useCompared } from '../../compare.fixture.js';

beforeAll(useCompared);

/** Two shapes that broadcast: each axis of one of them may be 1, and one of them may lack leading axes. */
const broadcast = fc
  .array(fc.record({ size: fc.integer({ min: 1, max: 4 }), ones: fc.constantFrom('none', 'a', 'b') }), {
    maxLength: 5,
  })
  .chain((axes) =>
    fc.record({
      a: fc.constant(axes.map(({ size, ones }) => (ones === 'a' ? 1 : size))),
      b: fc
        .integer({ min: 0, max: axes.length })
        .map((lost) => axes.map(({ size, ones }) => (ones === 'b' ? 1 : size)).slice(lost)),
      swapped: fc.boolean(),
    }),
  )
  .map(({ a, b, swapped }) => (swapped ? { a: b, b: a } : { a, b }));

for (const kernel of ['Maximum', 'Minimum']) {
  test(`${kernel} is that of the cpu backend for shapes that broadcast`, () =>
    fc.assert(
      fc.asyncProperty(broadcast, ({ a, b }) =>
        expectAsOnCpu(kernel, { a: { shape: a }, b: { shape: b } }, {}, 0),
      ),
      { numRuns: 100 },
    ));

  test(`${kernel} of a column and rows, a scalar, and integers`, async () => {
    await expectAsOnCpu(kernel, { a: { shape: [7, 33] }, b: { shape: [7, 1] } }, {}, 0);
    await expectAsOnCpu(kernel, { a: { shape: [] }, b: { shape: [5, 2, 3] } }, {}, 0);
    await expectAsOnCpu(
      kernel,
      {
        a: { shape: [3], dtype: 'int32', values: [1, -2, 3] },
        b: { shape: [3], dtype: 'int32', values: [2, -3, 3] },
      },
      {},
      0,
    );
  });

  test(`${kernel} is NaN where either side is, and knows infinities`, async () => {
    const [nan, infinite] = [Number.NaN, Number.POSITIVE_INFINITY];
    const a = { shape: [6], values: [nan, 1, nan, infinite, -infinite, -0.5] };
    const [full, scalar] = [
      { shape: [6], values: [2, nan, nan, 3, 4, -0.25] },
      { shape: [], values: [nan] },
    ];
    for (const operands of [
      { a, b: full },
      { a, b: scalar },
      { a: scalar, b: a },
    ]) {
      const expected = await run('cpu', kernel, operands, {});
      expect(await run('wasm', kernel, operands, {})).toEqual(expected);
    }
  });
}
