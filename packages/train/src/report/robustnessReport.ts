import { reportChecks } from '../options.js';
import { REPORT_FORMAT, REPORT_VERSION, readReport } from './data/readReport.js';
import type { Accuracy, Improvement, MeanModalityWeights, ReportData } from './data/reportData.js';
import { assertComparable } from './figures/comparable.js';
import { comparisonOf } from './figures/comparison.js';
import {
  averageAccuracy,
  averageOutcomes,
  balanceOf,
  cleanAccuracy,
  cleanOutcomes,
  conditionNames,
  improvementOver,
  meanWeights,
  metricsOf,
  robustAccuracy,
  robustOutcomes,
} from './figures/reportFigures.js';
import { reportMarkdown } from './markdown/reportMarkdown.js';

/** Options of {@link RobustnessReport.toHTML}. */
export interface ReportPageOptions {
  /** Name of the model. Default: 'model'. */
  name?: string;
  /** Heading. Default: 'Robustness report'. */
  title?: string;
}

/** JSON of a {@link RobustnessReport}: its data, and the figures computed from it for other readers. */
export interface RobustnessReportJson extends ReportData {
  /** Always 'amr-robustness-report'. */
  format: string;
  /** Version of the format. */
  version: number;
  /** Accuracies with their intervals; balance in points. Not read back. */
  metrics: { [name: string]: unknown };
}

/** How robust a classifier is against each attack under each condition. */
export class RobustnessReport {
  /** The content from which all figures are computed. */
  readonly data: ReportData;

  /**
   * @param data outcomes, as {@link evaluateRobustness} or {@link RobustnessReport.fromJSON} give them
   * @param baseline the undefended model's report on the same samples
   * @throws {ReportError} when the baseline is of other samples, conditions or attacks
   */
  constructor(data: ReportData, baseline?: RobustnessReport) {
    this.data = data;
    if (baseline) {
      assertComparable(data, baseline.data);
      const improvement = Object.fromEntries(
        data.config.attacks.map((attack) => [attack, improvementOver(data, baseline.data, attack)]),
      );
      this.data = { ...data, improvement };
    }
  }

  /** Condition names in order. */
  get conditions(): string[] {
    return conditionNames(this.data);
  }

  /** Attack names in order. */
  get attacks(): string[] {
    return [...this.data.config.attacks];
  }

  /** Whether the report covers the whole test set. */
  get complete(): boolean {
    return this.data.samples.ids.length === this.data.config.samples;
  }

  /** Accuracy without an attack. */
  get clean(): Accuracy {
    return cleanAccuracy(this.data);
  }

  /**
   * Fraction of all samples that is still classified correctly after the attack.
   * @throws {ReportError} for a condition or attack that is not in the report
   */
  robust(condition: string, attack: string): Accuracy {
    return robustAccuracy(this.data, condition, attack);
  }

  /** Mean robust accuracy over the conditions. */
  average(attack: string): Accuracy {
    return averageAccuracy(this.data, attack);
  }

  /**
   * How unequally the modalities protect: the greatest difference between the accuracies under attacks on one modality
   * alone, in points; with two modalities |accuracy under one - accuracy under the other|. Undefined with fewer than
   * two such conditions.
   */
  balance(attack: string): number | undefined {
    return balanceOf(this.data, attack);
  }

  /**
   * Robustness improvement RI = (clean + average robust) - (clean + average robust of the baseline), in points.
   * @param baseline default: the one the report was made with; without any the result is undefined
   * @throws {ReportError} when the baseline is of other samples, conditions or attacks
   */
  improvement(attack: string, baseline?: RobustnessReport): Improvement | undefined {
    return baseline ? improvementOver(this.data, baseline.data, attack) : this.data.improvement?.[attack];
  }

  /** Mean modality weights, when the evaluation recorded them. */
  get weights(): MeanModalityWeights | undefined {
    return meanWeights(this.data);
  }

  /** For each sample 1 when it is right without an attack, else 0. */
  cleanOutcomes(): number[] {
    return cleanOutcomes(this.data);
  }

  /**
   * For each sample 1 when it is still right after the attack, else 0.
   * @throws {ReportError} for a condition or attack that is not in the report
   */
  robustOutcomes(condition: string, attack: string): number[] {
    return robustOutcomes(this.data, condition, attack);
  }

  /** For each sample the fraction of the conditions under which it is still right. */
  averageOutcomes(attack: string): number[] {
    return averageOutcomes(this.data, attack);
  }

  /** A plain object with the figures and every sample's outcome; {@link RobustnessReport.fromJSON} reads it. */
  toJSON(): RobustnessReportJson {
    const { checks, skipped, ...rest } = this.data;
    // What makes the figures doubtful comes first.
    const doubts = { ...(checks && { checks }), ...(skipped && { skipped }) };
    return {
      format: REPORT_FORMAT,
      version: REPORT_VERSION,
      ...doubts,
      metrics: metricsOf(this.data),
      ...rest,
    };
  }

  /**
   * Reads the result of {@link RobustnessReport.toJSON}, as an object or as text.
   * @throws {ReportError} when it is not a report
   */
  static fromJSON(json: unknown): RobustnessReport {
    return new RobustnessReport(readReport(json));
  }

  /** The findings of the checks, and a table of the figures with their intervals. */
  toMarkdown(): string {
    return reportMarkdown(this.data);
  }

  /**
   * One HTML page with the tables and plots, without scripts and without anything to load from a network.
   * @throws {ReportError} for an unknown option
   */
  async toHTML(options: ReportPageOptions = {}): Promise<string> {
    reportChecks.rejectUnknownOptions('toHTML', options, [
      'name',
      'title',
    ] satisfies (keyof ReportPageOptions)[]);
    const { name = 'model', title = 'Robustness report' } = options;
    // Programs that render no page don't load the plotting library.
    const { comparisonHtml } = await import('./html/comparisonHtml.js');
    return comparisonHtml(comparisonOf(new Map([[name, [this.data]]]), { title }));
  }
}
