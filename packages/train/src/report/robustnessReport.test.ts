import { expect, it } from 'vitest';
import { ReportError, RobustnessReport } from '../index.js';
import { madeUpChecks, madeUpReport } from './comparison.fixture.js';

const shares = { clean: 0.9, FGSM: [0.5, 0.6, 0.4], 'PGD-20': [0.3, 0.4, 0.2], weights: true } as const;
const model = { ...shares, FGSM: [...shares.FGSM], 'PGD-20': [...shares['PGD-20']] } as never;

it('keeps its figures in JSON', () => {
  const baseline = madeUpReport({ clean: 0.95, FGSM: [0.2, 0.2, 0.1], 'PGD-20': [0, 0.1, 0] });
  const report = new RobustnessReport(madeUpReport(model).data, baseline);
  const text = JSON.stringify(report);
  for (const read of [RobustnessReport.fromJSON(text), RobustnessReport.fromJSON(JSON.parse(text))]) {
    expect(read.data).toEqual(report.data);
    expect(read.toMarkdown()).toBe(report.toMarkdown());
    expect(read.improvement('PGD-20')).toEqual(report.improvement('PGD-20', baseline));
  }
  expect(JSON.parse(text).metrics.robust.rgb['PGD-20']).toEqual(report.robust('rgb', 'PGD-20'));
  expect(report.weights!.attacked['rgb']!['PGD-20']!['rgb']).toBeCloseTo(0.31, 12);
});

it.each([
  ['no JSON', '{', /^report: got text that is not JSON/],
  ['something else', {}, /^report.format: got undefined; expected 'amr-robustness-report'/],
  ['another version', { ...madeUpReport(model).toJSON(), version: 2 }, /^report.version: got 2; expected 1/],
  [
    'a lost column',
    { ...madeUpReport(model).toJSON(), samples: { ids: ['a'], labels: [0], clean: [0], attacked: {} } },
    /got missing parts/,
  ],
])('refuses %s', (_, json, message) => {
  expect(() => RobustnessReport.fromJSON(json)).toThrow(ReportError);
  expect(() => RobustnessReport.fromJSON(json)).toThrow(message);
});

it('refuses a baseline of other samples and an unknown condition', () => {
  const report = madeUpReport(model);
  expect(() => new RobustnessReport(report.data, madeUpReport(model, 40))).toThrow(/differ in samples;/);
  expect(() => report.robust('depth', 'FGSM')).toThrow(
    /got the attack 'FGSM' under the condition 'depth'; expected/,
  );
});

it('renders the figures as a table', () => {
  const table = madeUpReport({ clean: 1, FGSM: [1, 1, 1], 'PGD-20': [0, 0, 0] }, 10)
    .toMarkdown()
    .split('\n');
  expect(table[0]).toBe('| accuracy in % (95 % interval) | FGSM | PGD-20 |');
  expect(table[2]).toBe('| no attack | 100.0 (72.2–100.0) | 100.0 (72.2–100.0) |');
  expect(table[3]).toBe('| attack on rgb | 100.0 (72.2–100.0) | 0.0 (0.0–27.8) |');
  expect(table[6]).toBe('| average robust | 100.0 (100.0–100.0) | 0.0 (0.0–0.0) |');
  expect(table[7]).toBe('| balance (points) | 0.0 | 0.0 |');
});

it('keeps the findings of the checks, and reads reports without any', () => {
  const checks = madeUpChecks({
    check: 'black-box',
    status: 'warning',
    message: '3 of 16 samples fall.',
    figures: { fooled: 3 },
  });
  const checked = new RobustnessReport({ ...madeUpReport(model).data, checks });
  const read = RobustnessReport.fromJSON(JSON.stringify(checked));
  expect(read.data.checks).toEqual(checks);
  expect(read.toMarkdown().split('\n\n').slice(0, 2)).toEqual([
    'Checks of the evaluation (PGD-20 on both, 16 samples): 1 warning, 1 inconclusive, 1 passed.',
    '- **Warning, black-box:** 3 of 16 samples fall.\n' +
      '- Inconclusive, rising-loss: Too few steps to tell.\n' +
      '- Passed: probabilities.',
  ]);
  expect(RobustnessReport.fromJSON(madeUpReport(model).toJSON()).data.checks).toBeUndefined();
  expect(() => RobustnessReport.fromJSON({ ...checked.toJSON(), checks: {} })).toThrow(
    'report.checks.findings: got undefined; expected a list with a finding for each check.',
  );
});

it('refuses unknown options of its page', async () => {
  await expect(madeUpReport(model).toHTML({ heading: 'x' } as never)).rejects.toThrow(
    'toHTML.heading: got an unknown option; expected one of name, title. Remove it or rename it.',
  );
});
