import type { Finding } from '@amr/attacks';
import type { ThreatModelDescription } from './threatModelDescription.js';

/** Lower and upper end of a 95 % interval. */
export type Interval = [low: number, high: number];

/** A part of the test set, for an evaluation in several processes or on several machines. */
export interface Shard {
  /** Number of this shard, from 0. */
  index: number;
  /** Number of shards. */
  count: number;
}

/** A condition as a report states it. */
export interface ReportCondition extends ThreatModelDescription {
  /** Its name. */
  name: string;
}

/** Settings of an evaluation. Reports are merged only when all of them are equal. */
export interface ReportConfig {
  /** Size of the whole test set. */
  samples: number;
  /** Class names. */
  classes: string[];
  /** Conditions in order. */
  conditions: ReportCondition[];
  /** Names of the attacks in order. */
  attacks: string[];
  /** Samples in a batch. */
  batchSize: number;
  /** Seed of the evaluation. */
  seed: number;
  /** Present if a sample's first success ended an attack on it. */
  stopWhenFooled?: true;
  /** Present if each prediction is the mean of several classifier calls: their number. */
  eotSamples?: number;
}

/** Predictions for each sample, in the test set's order. */
export interface SampleOutcomes {
  /** Ids. */
  ids: string[];
  /** True classes. */
  labels: number[];
  /** Predictions without an attack. */
  clean: number[];
  /** Predictions by condition and attack; null for a sample that is wrong without an attack and wasn't attacked. */
  attacked: { [condition: string]: { [attack: string]: (number | null)[] } };
}

/** Sums over samples, from which the means of all shards together can be computed. */
export interface WeightSums {
  /** Number of samples. Only samples that are right without an attack count, so that clean and attacked means have the same ones. */
  count: number;
  /** Sum of each weight on the clean samples. */
  clean: { [modality: string]: number };
  /** Sum of each weight on the attacked samples, by condition and attack. */
  attacked: { [condition: string]: { [attack: string]: { [modality: string]: number } } };
}

/** Mean modality weights, on the samples that are right without an attack. */
export interface MeanModalityWeights {
  /** On clean samples. */
  clean: { [modality: string]: number };
  /** On attacked samples, by condition and attack. */
  attacked: { [condition: string]: { [attack: string]: { [modality: string]: number } } };
}

/** What the checks of an evaluation found. */
export interface ReportChecks {
  /** The condition that was checked. */
  condition: string;
  /** The attack that was checked. */
  attack: string;
  /** Number of samples that the checks ran on. */
  samples: number;
  /** A finding for each check. */
  findings: Finding[];
}

/** An accuracy with its uncertainty. */
export interface Accuracy {
  /** Fraction in [0, 1]. */
  accuracy: number;
  /** 95 % interval: Wilson's for one accuracy, the normal approximation for a mean over conditions. */
  interval: Interval;
}

/** A difference of accuracies with its uncertainty. */
export interface Improvement {
  /** Percentage points. */
  points: number;
  /** 95 % interval in points, from the differences sample by sample. */
  interval: Interval;
}

/** The content of a report: all of its figures are computed from it. */
export interface ReportData {
  /** Settings of the evaluation. */
  config: ReportConfig;
  /** The shards of the test set that the report holds. */
  shards: Shard[];
  /** Predictions for each sample. */
  samples: SampleOutcomes;
  /** Sums of modality weights, when they were asked for. */
  weights?: WeightSums;
  /** Robustness improvement by attack, when there was a baseline. */
  improvement?: { [attack: string]: Improvement };
  /** Findings of the evaluation's checks; with shards, in the report of the first one. */
  checks?: ReportChecks;
  /** Ids of samples that were skipped, as their gradient was not finite, by condition and attack. They count as robust. */
  skipped?: { [condition: string]: { [attack: string]: string[] } };
  /** Seconds that the evaluation took; for merged shards, their sum. */
  seconds: number;
}
