import { expect, it } from 'vitest';
import { agreementOf } from './agreement.js';
import type { Entry } from './measure.js';

const entry = (runner: string, values?: number[]): Entry => ({
  runner,
  times: [1],
  processor: [1],
  others: [0],
  batch: 1,
  status: 'measured',
  values,
});

it('compares each with the reference and names those that are wrong', () => {
  const entries = [entry('wasm', [1, 2.0001]), entry('cpu', [1, 3]), entry('torch-2', [1, 2])];
  const agreement = agreementOf('forward', entries, 'torch-2')!;
  expect(agreement).toMatchObject({
    with: 'torch-2',
    tolerance: { measure: 'value', max: 1e-3 },
    wrong: ['cpu'],
  });
  expect(agreement.differences['wasm']).toBeCloseTo(5e-5);
  expect(agreement.differences['cpu']).toBeCloseTo(0.5);
});

it('compares with the first where the reference was not measured', () => {
  expect(agreementOf('forward', [entry('wasm', [1]), entry('cpu', [1])], 'torch-2')).toMatchObject({
    with: 'wasm',
    wrong: [],
  });
});

it('compares gradients in length, as single values may differ', () => {
  const many = Array.from({ length: 400 }, () => 1);
  const agreement = agreementOf('gradient', [entry('wasm', many), entry('cpu', [1.2, ...many.slice(1)])])!;
  expect(agreement.differences['cpu']).toBeCloseTo(0.01);
  expect(agreement.wrong).toEqual([]);
});

it('has nothing to say of one alone, or of what is drawn at random', () => {
  expect(agreementOf('forward', [entry('wasm', [1]), entry('cpu')])).toBeUndefined();
  expect(agreementOf('adversarial-2', [entry('wasm', [1]), entry('cpu', [2])])).toBeUndefined();
});
