import { ReportError } from '../errors.js';
import type { ReportChecks } from '../evaluation/evaluationChecks.js';
import type { WeightSums } from '../evaluation/modalityWeights.js';
import type { ThreatModelDescription } from './data/threatModelDescription.js';
import { type Interval, meanWithInterval, wilson } from './figures/wilson.js';
import { reportMarkdown } from './markdown/reportMarkdown.js';

/** A part of the test set, for several processes or machines. */
export interface Shard {
  /** Number of this part, from 0. */
  index: number;
  /** Number of parts. */
  count: number;
}

/** A condition as it stands in a report. */
export interface ReportCondition extends ThreatModelDescription {
  /** Its name. */
  name: string;
}

/** What an evaluation was asked to do; reports are compared and merged only when this is equal. */
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
  /** There if a sample's first success ended an attack on it. */
  stopWhenFooled?: true;
}

/** What became of each sample, in the test set's order. */
export interface SampleOutcomes {
  /** Ids. */
  ids: string[];
  /** True classes. */
  labels: number[];
  /** Predictions without an attack. */
  clean: number[];
  /** Predictions by condition and attack; null for a sample that was wrong already and was not attacked. */
  attacked: { [condition: string]: { [attack: string]: (number | null)[] } };
}

/** What a report is made of. */
export interface ReportData {
  /** What was asked. */
  config: ReportConfig;
  /** The parts of the test set that are in it. */
  shards: Shard[];
  /** What came out. */
  samples: SampleOutcomes;
  /** Sums of modality weights, when they were asked for. */
  weights?: WeightSums;
  /** Robustness improvement by attack, when there was a baseline. */
  improvement?: { [attack: string]: Improvement };
  /** What the checks of the evaluation found, when they were asked for; in shards, in the first one's report. */
  checks?: ReportChecks;
  /** Seconds the evaluation took, those of merged parts added up. */
  seconds: number;
}

/** An accuracy with its uncertainty. */
export interface Accuracy {
  /** Share in [0, 1]. */
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

/** Mean modality weights, on the samples that are right without an attack. */
export interface MeanModalityWeights {
  /** On clean samples. */
  clean: { [modality: string]: number };
  /** On attacked samples, by condition and attack. */
  attacked: { [condition: string]: { [attack: string]: { [modality: string]: number } } };
}

const FORMAT = 'amr-robustness-report';
const VERSION = 1;

/** How a classifier stood against each attack under each condition. */
export class RobustnessReport {
  /** Everything the figures are made of. */
  readonly data: ReportData;

  /**
   * @param data outcomes, as {@link evaluateRobustness} or {@link RobustnessReport.fromJSON} give them
   * @param baseline the undefended model's report on the same samples
   * @throws {ReportError} when the baseline is of other samples, conditions or attacks
   */
  constructor(data: ReportData, baseline?: RobustnessReport) {
    this.data = data;
    if (baseline) {
      assertComparable(this, baseline);
      const improvement = Object.fromEntries(
        data.config.attacks.map((attack) => [attack, this.improvement(attack, baseline)!]),
      );
      this.data = { ...data, improvement };
    }
  }

  /** Condition names in order. */
  get conditions(): string[] {
    return this.data.config.conditions.map(({ name }) => name);
  }

  /** Attack names in order. */
  get attacks(): string[] {
    return [...this.data.config.attacks];
  }

  /** Whether the whole test set is in it. */
  get complete(): boolean {
    return this.data.samples.ids.length === this.data.config.samples;
  }

  /** Accuracy without an attack. */
  get clean(): Accuracy {
    return accuracyOf(this.cleanOutcomes());
  }

  /**
   * Share of all samples still classified correctly after the attack.
   * @throws {ReportError} for a condition or attack that is not in the report
   */
  robust(condition: string, attack: string): Accuracy {
    return accuracyOf(this.robustOutcomes(condition, attack));
  }

  /** Mean robust accuracy over the conditions. */
  average(attack: string): Accuracy {
    const { mean, interval } = meanWithInterval(this.averageOutcomes(attack));
    return { accuracy: mean, interval: [Math.max(0, interval[0]), Math.min(1, interval[1])] };
  }

  /**
   * How unequally the modalities protect: the greatest difference between the accuracies under attacks on one modality
   * alone, in points; with two modalities |accuracy under one - accuracy under the other|. Undefined with fewer than
   * two such conditions.
   */
  balance(attack: string): number | undefined {
    const alone = this.data.config.conditions.filter(({ modalities }) => modalities.length === 1);
    if (alone.length < 2) return undefined;
    const accuracies = alone.map(({ name }) => this.robust(name, attack).accuracy);
    return 100 * (Math.max(...accuracies) - Math.min(...accuracies));
  }

  /**
   * Robustness improvement RI = (clean + average robust) - (clean + average robust of the baseline), in points.
   * @param baseline default: the one the report was made with; without any the result is undefined
   */
  improvement(attack: string, baseline?: RobustnessReport): Improvement | undefined {
    if (!baseline) return this.data.improvement?.[attack];
    assertComparable(this, baseline);
    const score = (report: RobustnessReport) => {
      const clean = report.cleanOutcomes();
      return report.averageOutcomes(attack).map((value, i) => 100 * (value + clean[i]!));
    };
    const before = score(baseline);
    const { mean, interval } = meanWithInterval(score(this).map((value, i) => value - before[i]!));
    return { points: mean, interval };
  }

  /** Mean modality weights, when the evaluation was asked for them. */
  get weights(): MeanModalityWeights | undefined {
    const sums = this.data.weights;
    if (!sums || sums.count === 0) return undefined;
    const means = (totals: { [modality: string]: number }) =>
      Object.fromEntries(Object.entries(totals).map(([name, total]) => [name, total / sums.count]));
    return {
      clean: means(sums.clean),
      attacked: mapValues(sums.attacked, (attacks) => mapValues(attacks, means)),
    };
  }

  /** For each sample 1 when it is right without an attack, else 0. */
  cleanOutcomes(): number[] {
    const { clean, labels } = this.data.samples;
    return clean.map((predicted, i) => (predicted === labels[i] ? 1 : 0));
  }

  /** For each sample 1 when it is still right after the attack, else 0. */
  robustOutcomes(condition: string, attack: string): number[] {
    const { attacked, labels } = this.data.samples;
    const predictions = attacked[condition]?.[attack];
    if (!predictions) {
      throw new ReportError(
        `no outcomes of '${attack}' under '${condition}'; the conditions are [${this.conditions.join(', ')}], the ` +
          `attacks [${this.attacks.join(', ')}]`,
      );
    }
    return predictions.map((predicted, i) => (predicted === labels[i] ? 1 : 0));
  }

  /** For each sample the share of the conditions under which it is still right. */
  averageOutcomes(attack: string): number[] {
    const perCondition = this.conditions.map((condition) => this.robustOutcomes(condition, attack));
    return this.data.samples.ids.map(
      (_, i) => perCondition.reduce((sum, outcomes) => sum + outcomes[i]!, 0) / perCondition.length,
    );
  }

  /** A plain object with the figures and every sample's outcome; {@link RobustnessReport.fromJSON} reads it. */
  toJSON(): RobustnessReportJson {
    const metrics = {
      clean: this.clean,
      robust: Object.fromEntries(
        this.conditions.map((condition) => [
          condition,
          Object.fromEntries(this.attacks.map((attack) => [attack, this.robust(condition, attack)])),
        ]),
      ),
      average: Object.fromEntries(this.attacks.map((attack) => [attack, this.average(attack)])),
      balance: Object.fromEntries(this.attacks.map((attack) => [attack, this.balance(attack) ?? null])),
      ...(this.weights && { modalityWeights: this.weights }),
    };
    return { format: FORMAT, version: VERSION, metrics, ...this.data };
  }

  /**
   * Reads what {@link RobustnessReport.toJSON} gave, as an object or as text.
   * @throws {ReportError} when it is something else
   */
  static fromJSON(json: unknown): RobustnessReport {
    let value = json;
    if (typeof json === 'string') {
      try {
        value = JSON.parse(json);
      } catch (error) {
        throw new ReportError(`the report is not JSON: ${(error as Error).message}`);
      }
    }
    const { format, version, metrics: _, ...data } = (value ?? {}) as RobustnessReportJson;
    if (format !== FORMAT || version !== VERSION) {
      throw new ReportError(
        `expected a report with format '${FORMAT}' and version ${VERSION}, got '${format}' and ${version}`,
      );
    }
    checkData(data);
    return new RobustnessReport(data);
  }

  /** A table of the figures with their intervals, and beneath it what the checks found. */
  toMarkdown(): string {
    return reportMarkdown(this);
  }

  /** One HTML page with the tables and plots that needs nothing else: no network, no script. */
  async toHTML(options: { name?: string; title?: string } = {}): Promise<string> {
    const { compareReports } = await import('./compareReports.js');
    const { name = 'model', title = 'Robustness report' } = options;
    return compareReports({ [name]: this }, { title }).toHTML();
  }
}

/** What {@link RobustnessReport.toJSON} gives: the report's data, and the figures made of them for other readers. */
export interface RobustnessReportJson extends ReportData {
  /** Always 'amr-robustness-report'. */
  format: string;
  /** Version of the format. */
  version: number;
  /** Accuracies with their intervals; balance in points. Not read back. */
  metrics: { [name: string]: unknown };
}

/** @throws {ReportError} when two reports are not of the same samples, conditions and attacks */
export function assertComparable(a: RobustnessReport, b: RobustnessReport): void {
  const differing: string[] = differences(a.data.config, b.data.config);
  const sameSamples =
    JSON.stringify(a.data.samples.ids) === JSON.stringify(b.data.samples.ids) &&
    JSON.stringify(a.data.samples.labels) === JSON.stringify(b.data.samples.labels);
  if (!sameSamples) differing.push('samples');
  if (differing.length > 0) {
    throw new ReportError(
      `the reports can't be compared, they differ in ${differing.join(', ')}; evaluate both models on the same ` +
        'samples with the same budgets and attacks',
    );
  }
}

/** Which settings keep two evaluations from being compared. */
export function differences(a: ReportConfig, b: ReportConfig): string[] {
  return (['classes', 'conditions', 'attacks', 'stopWhenFooled'] as const).filter(
    (field) => JSON.stringify(a[field]) !== JSON.stringify(b[field]),
  );
}

function checkData(data: ReportData): void {
  const { samples, config } = data;
  const n = samples?.ids?.length;
  const columns = [samples?.labels, samples?.clean].concat(
    (config?.conditions ?? []).flatMap(({ name }) =>
      (config.attacks ?? []).map((attack) => samples?.attacked?.[name]?.[attack] as number[]),
    ),
  );
  if (!config || !Array.isArray(data.shards) || !n || columns.some((column) => column?.length !== n)) {
    throw new ReportError('the report lacks parts, or its columns have different lengths');
  }
  if (data.checks && !Array.isArray(data.checks.findings)) {
    throw new ReportError('the report has checks without findings');
  }
}

function accuracyOf(outcomes: readonly number[]): Accuracy {
  const right = outcomes.reduce((sum, outcome) => sum + outcome, 0);
  return { accuracy: right / outcomes.length, interval: wilson(right, outcomes.length) };
}

const mapValues = <A, B>(record: { [key: string]: A }, f: (value: A) => B): { [key: string]: B } =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
