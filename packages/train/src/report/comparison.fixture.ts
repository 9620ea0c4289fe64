import { randomFrom } from '@amr/internal';
import type { ReportChecks, ReportConfig, ReportData } from './data/reportData.js';
import type { RobustnessCurve } from './data/robustnessCurve.js';
import { wilson } from './figures/wilson.js';
import { RobustnessReport } from './robustnessReport.js';

const budgets = {
  rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] as [number, number], unit: 'intensity' },
  skeleton: { norm: 'linf', epsilon: 0.02, unit: 'metres' },
};
const conditions: ReportConfig['conditions'] = [
  { name: 'rgb', modalities: ['rgb'], budgets: { rgb: budgets.rgb }, joint: false },
  { name: 'skeleton', modalities: ['skeleton'], budgets: { skeleton: budgets.skeleton }, joint: false },
  { name: 'both', modalities: ['rgb', 'skeleton'], budgets, joint: false },
];

/** Accuracies of a made-up model: clean, then rgb, skeleton and both under FGSM and PGD-20. */
export interface MadeUpModel {
  clean: number;
  FGSM: [number, number, number];
  'PGD-20': [number, number, number];
  weights?: boolean;
  checks?: ReportChecks;
}

/** Made-up findings: one that passed, one that is inconclusive, and the given warnings. */
export const madeUpChecks = (...warnings: ReportChecks['findings']): ReportChecks => ({
  condition: 'both',
  attack: 'PGD-20',
  samples: 16,
  findings: [
    { check: 'probabilities', status: 'passed', message: 'The outputs are not probabilities.', figures: {} },
    {
      check: 'rising-loss',
      status: 'inconclusive',
      message: 'Too few steps to tell.',
      figures: { steps: 1 },
    },
    ...warnings,
  ],
});

/** A report with made-up outcomes; the same samples are hard in every model. */
export function madeUpReport(model: MadeUpModel, samples = 120, seed = 1): RobustnessReport {
  const random = randomFrom(seed);
  const hardness = [...Array(samples).keys()].map(
    (i) => (0.8 * ((i * 37) % samples)) / samples + 0.2 * random(),
  );
  const labels = hardness.map((_, i) => i % 4);
  const predictions = (accuracy: number) =>
    labels.map((label, i) => (hardness[i]! < accuracy ? label : (label + 1) % 4));
  const clean = predictions(model.clean);
  const attacked = Object.fromEntries(
    conditions.map(({ name }, c) => [
      name,
      Object.fromEntries(
        (['FGSM', 'PGD-20'] as const).map((attack) => [
          attack,
          predictions(model[attack][c]!).map((predicted, i) => (clean[i] === labels[i] ? predicted : null)),
        ]),
      ),
    ]),
  );
  const count = clean.filter((predicted, i) => predicted === labels[i]).length;
  const pair = (rgb: number) => ({ rgb: rgb * count, skeleton: (1 - rgb) * count });
  const data: ReportData = {
    config: {
      samples,
      classes: ['wave', 'clap', 'kick', 'sit'],
      conditions,
      attacks: ['FGSM', 'PGD-20'],
      batchSize: 32,
      seed: 0,
    },
    shards: [{ index: 0, count: 1 }],
    samples: { ids: labels.map((_, i) => `clip-${i}`), labels, clean, attacked },
    ...(model.weights && {
      weights: {
        count,
        clean: pair(0.44),
        attacked: {
          rgb: { FGSM: pair(0.38), 'PGD-20': pair(0.31) },
          skeleton: { FGSM: pair(0.5), 'PGD-20': pair(0.57) },
          both: { FGSM: pair(0.45), 'PGD-20': pair(0.43) },
        },
      },
    }),
    ...(model.checks && { checks: model.checks }),
    seconds: 12,
  };
  return new RobustnessReport(data);
}

/** A made-up curve that falls from `clean` with a half-life in multiples of the budget. */
export function madeUpCurve(
  clean: number,
  halfLives: [number, number, number],
  samples = 120,
): RobustnessCurve {
  return {
    attack: 'PGD-20',
    samples,
    conditions: conditions.map((condition, c) => ({
      ...condition,
      points: [0, 0.25, 0.5, 1, 2].map((scale) => {
        const right = Math.round(samples * clean * 0.5 ** (scale / halfLives[c]!));
        return { scale, accuracy: right / samples, interval: wilson(right, samples) };
      }),
    })),
  };
}
