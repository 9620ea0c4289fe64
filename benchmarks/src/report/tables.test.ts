import { expect, it } from 'vitest';
import type { Entry } from '../measure/measure.js';
import type { Results, Row } from '../measure/results.js';
import { figures, linesOf, markdownOf, notesOf, pairsOf, tablesOf } from './tables.js';

const entry = (runner: string, times: number[], rest: Partial<Entry> = {}): Entry => ({
  runner,
  times,
  processor: times,
  others: times.map(() => 0.01),
  batch: 4,
  status: 'measured',
  memory: { baseline: 100 * 2 ** 20, peak: 300 * 2 ** 20 },
  ...rest,
});

const row: Row = {
  case: { name: 'r3d-10', title: 'r3d-10, width 16', batch: 4, multiplyAdds: 1e9 },
  task: 'gradient',
  entries: [
    entry('wasm', [30, 90, 36]),
    entry('wasm-stock', [900], { note: 'times of a batch of 1, times 4' }),
    entry('cpu', [], { status: 'slow', note: 'over 60 s for a batch of 1', memory: undefined }),
    entry('torch-2', [20, 45, 24]),
  ],
  agreement: {
    with: 'torch-2',
    differences: { wasm: 2e-6, 'wasm-stock': 0.5 },
    tolerance: { measure: 'value', max: 1e-3 },
    wrong: ['wasm-stock'],
  },
};
const results: Results = {
  benchmark: 'networks',
  date: '2026-01-01T00:00:00.000Z',
  about: { CPU: 'some, 2 cores', Node: '20' },
  runners: ['wasm', 'wasm-stock', 'cpu', 'torch-2'],
  reference: 'torch-2',
  absent: { onnx: 'onnxruntime-node is not installed' },
  rounds: 3,
  rows: [row],
};

it('has a table of times, of ratios and of memory', () => {
  const place = ['r3d-10, width 16, batch of 4', 'input gradient'];
  const [times, ratios, memory] = tablesOf(results).map(({ rows }) => rows);
  expect(times).toEqual([[...place, '36.0 (30.0 to 90.0)', '900, wrong', 'too slow', '24.0 (20.0 to 45.0)']]);
  // 30 / 20, 90 / 45, 36 / 24, and what both did in the first round.
  expect(ratios).toEqual([[...place, '1.50 (1.50 to 2.00)', '30.0', '']]);
  expect(memory).toEqual([[...place, '300 (100)', '300 (100)', '', '300 (100)']]);
});

it('divides ours by PyTorch and the stock backends by ours', () => {
  expect(pairsOf(['onnx', 'wasm', 'wasm-stock', 'torch-1', 'torch-2'], 'torch-2')).toEqual([
    ['onnx', 'torch-2'],
    ['wasm', 'torch-2'],
    ['wasm-stock', 'onnx'],
    ['wasm-stock', 'wasm'],
  ]);
  expect(pairsOf(['wasm', 'cpu'])).toEqual([['cpu', 'wasm']]);
  // No reference: no table of ratios.
  expect(tablesOf({ ...results, runners: ['wasm'], reference: undefined })).toHaveLength(2);
});

it('notes who is absent, what was not measured as it should be, and what is wrong', () => {
  expect(notesOf(results)).toEqual([
    'onnx: not measured, onnxruntime-node is not installed',
    'Rounds of one and the same runner differ by more than 10 %: r3d-10, width 16, batch of 4, input gradient, wasm (3.00 times); r3d-10, width 16, batch of 4, input gradient, torch-2 (2.25 times).',
    'r3d-10, width 16, batch of 4, input gradient, wasm-stock: times of a batch of 1, times 4',
    'r3d-10, width 16, batch of 4, input gradient, cpu: over 60 s for a batch of 1',
    'r3d-10, width 16, batch of 4, input gradient: results of wasm-stock and torch-2 differ by 5.0e-1 of the largest value, more than 0.001',
  ]);
});

it('says when other programs were running, and nothing of an idle machine', () => {
  const calm = (others: number[]): Results => ({
    ...results,
    absent: {},
    rows: [{ ...row, agreement: undefined, entries: [entry('wasm', [30, 31], { others })] }],
  });
  expect(notesOf(calm([0.01, 0.02]))).toEqual([]);
  expect(notesOf(calm([0.01, 0.4]))).toEqual([
    "The machine was not idle: other programs used up to 40 % of the processors during a round. Don't publish these ratios.",
  ]);
});

it('writes Markdown with as many cells in each row as in the title', () => {
  const lines = markdownOf(results).split('\n');
  expect(lines[0]).toBe('CPU some, 2 cores; Node 20. 3 rounds.');
  const tables = lines.filter((line) => line.startsWith('|'));
  expect(tables).toHaveLength(9);
  expect(tables[0]).toBe('| network | task | wasm | wasm-stock | cpu | torch-2 |');
  expect(tables[1]).toBe('| --- | --- | ---: | ---: | ---: | ---: |');
});

it('says of a task what was measured, and how far the results are apart', () => {
  const lines = linesOf(row, 'torch-2');
  expect(lines[0]).toContain(
    'results of wasm differ from those of torch-2 by 2.0e-6 of the largest value at most',
  );
  expect(lines[1]).toMatch(/^ {2}wasm +36\.0 \(30\.0 to 90\.0\) +1\.50 \(1\.50 to 2\.00\) +300 \(100\)$/);
  expect(lines.at(-1)).toContain('results of wasm-stock and torch-2 differ by 5.0e-1');
});

it('shows three figures', () => {
  expect([0.012345, 1.2345, 12.345, 123.45, 12345].map(figures)).toEqual([
    '0.0123',
    '1.23',
    '12.3',
    '123',
    '12345',
  ]);
});
