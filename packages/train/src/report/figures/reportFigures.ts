import { ReportError } from '../../errors.js';
import type { Accuracy, Improvement, MeanModalityWeights, ReportData } from '../data/reportData.js';
import { assertComparable } from './comparable.js';
import { meanWithInterval, wilson } from './wilson.js';

/** Condition names in order. */
export const conditionNames = ({ config }: ReportData): string[] => config.conditions.map(({ name }) => name);

/** For each sample 1 when it is right without an attack, else 0. */
export function cleanOutcomes({ samples: { clean, labels } }: ReportData): number[] {
  return clean.map((predicted, i) => (predicted === labels[i] ? 1 : 0));
}

/**
 * For each sample 1 when it is still right after the attack, else 0.
 * @throws {ReportError} for a condition or attack that is not in the report
 */
export function robustOutcomes(data: ReportData, condition: string, attack: string): number[] {
  const { attacked, labels } = data.samples;
  const predictions = attacked[condition]?.[attack];
  if (!predictions) {
    throw new ReportError(
      `report: got the attack '${attack}' under the condition '${condition}'; expected one of the attacks ` +
        `[${data.config.attacks.join(', ')}] under one of the conditions [${conditionNames(data).join(', ')}].`,
    );
  }
  return predictions.map((predicted, i) => (predicted === labels[i] ? 1 : 0));
}

/** For each sample the fraction of the conditions under which it is still right. */
export function averageOutcomes(data: ReportData, attack: string): number[] {
  const perCondition = conditionNames(data).map((condition) => robustOutcomes(data, condition, attack));
  return data.samples.ids.map(
    (_, i) => perCondition.reduce((sum, outcomes) => sum + outcomes[i]!, 0) / perCondition.length,
  );
}

/** Accuracy without an attack. */
export const cleanAccuracy = (data: ReportData): Accuracy => accuracyOf(cleanOutcomes(data));

/** Accuracy after the attack; samples that are wrong without an attack count as wrong. */
export const robustAccuracy = (data: ReportData, condition: string, attack: string): Accuracy =>
  accuracyOf(robustOutcomes(data, condition, attack));

/** Mean robust accuracy over the conditions. */
export function averageAccuracy(data: ReportData, attack: string): Accuracy {
  const { mean, interval } = meanWithInterval(averageOutcomes(data, attack));
  return { accuracy: mean, interval: [Math.max(0, interval[0]), Math.min(1, interval[1])] };
}

/** Greatest difference between the accuracies under attacks on one modality alone, in points. */
export function balanceOf(data: ReportData, attack: string): number | undefined {
  const alone = data.config.conditions.filter(({ modalities }) => modalities.length === 1);
  if (alone.length < 2) return undefined;
  const accuracies = alone.map(({ name }) => robustAccuracy(data, name, attack).accuracy);
  return 100 * (Math.max(...accuracies) - Math.min(...accuracies));
}

/** For each sample clean plus average robust outcome, in points: RI is the difference of its means. */
export function improvementScores(data: ReportData, attack: string): number[] {
  const clean = cleanOutcomes(data);
  return averageOutcomes(data, attack).map((value, i) => 100 * (value + clean[i]!));
}

/**
 * RI = (clean + average robust) - (clean + average robust of the baseline), in points.
 * @throws {ReportError} when the baseline is of other samples, conditions or attacks
 */
export function improvementOver(data: ReportData, baseline: ReportData, attack: string): Improvement {
  assertComparable(data, baseline);
  const before = improvementScores(baseline, attack);
  const { mean, interval } = meanWithInterval(
    improvementScores(data, attack).map((value, i) => value - before[i]!),
  );
  return { points: mean, interval };
}

/** Mean modality weights, when the report holds their sums. */
export function meanWeights({ weights: sums }: ReportData): MeanModalityWeights | undefined {
  if (!sums || sums.count === 0) return undefined;
  const means = (totals: { [modality: string]: number }) => mapValues(totals, (total) => total / sums.count);
  return {
    clean: means(sums.clean),
    attacked: mapValues(sums.attacked, (attacks) => mapValues(attacks, means)),
  };
}

/** The figures that a report's JSON states for other readers. */
export function metricsOf(data: ReportData): { [name: string]: unknown } {
  const { attacks } = data.config;
  const byAttack = <T>(figure: (attack: string) => T): { [attack: string]: T } =>
    Object.fromEntries(attacks.map((attack) => [attack, figure(attack)]));
  const weights = meanWeights(data);
  return {
    clean: cleanAccuracy(data),
    robust: Object.fromEntries(
      conditionNames(data).map((condition) => [
        condition,
        byAttack((attack) => robustAccuracy(data, condition, attack)),
      ]),
    ),
    average: byAttack((attack) => averageAccuracy(data, attack)),
    balance: byAttack((attack) => balanceOf(data, attack) ?? null),
    ...(weights && { modalityWeights: weights }),
  };
}

function accuracyOf(outcomes: readonly number[]): Accuracy {
  const right = outcomes.reduce((sum, outcome) => sum + outcome, 0);
  return { accuracy: right / outcomes.length, interval: wilson(right, outcomes.length) };
}

const mapValues = <A, B>(record: { [key: string]: A }, f: (value: A) => B): { [key: string]: B } =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
