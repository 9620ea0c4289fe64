import type { ComparisonOptions } from './data/comparisonOptions.js';
import type { MeanModalityWeights } from './data/reportData.js';
import type { CheckSummary } from './figures/checkSummary.js';
import { type ComparedAttack, type Comparison, comparisonOf } from './figures/comparison.js';
import { comparisonMarkdown } from './markdown/comparisonMarkdown.js';
import type { RobustnessReport } from './robustnessReport.js';
import { comparisonText } from './text/comparisonText.js';

/** Several models compared with each other. */
export class RobustnessComparison {
  /** The reports, one or several for each model. */
  readonly reports: ReadonlyMap<string, readonly RobustnessReport[]>;
  /** As given. */
  readonly options: ComparisonOptions;
  readonly #comparison: Comparison;

  /** Use {@link compareReports}. */
  constructor(reports: ReadonlyMap<string, readonly RobustnessReport[]>, options: ComparisonOptions) {
    this.reports = reports;
    this.options = options;
    const data = new Map([...reports].map(([name, list]) => [name, list.map((report) => report.data)]));
    this.#comparison = comparisonOf(data, options);
  }

  /** The figures, attack by attack. */
  get attacks(): ComparedAttack[] {
    return this.#comparison.attacks;
  }

  /** One of the reports: samples, conditions and attacks are the same in all. */
  get first(): RobustnessReport {
    return this.reports.values().next().value![0]!;
  }

  /** Names of the models in order. */
  get models(): string[] {
    return [...this.#comparison.models];
  }

  /** Modality weights by model, for those that have any. */
  get modalityWeights(): { [model: string]: MeanModalityWeights } {
    return { ...this.#comparison.modalityWeights };
  }

  /** Findings of the evaluations' checks by model, for those that were checked. */
  get checks(): { [model: string]: CheckSummary } {
    return { ...this.#comparison.checks };
  }

  /** A plain object with the figures, the curves and every report. */
  toJSON(): { [key: string]: unknown } {
    const { title, baseline, curves, settings, notes } = this.options;
    return {
      format: 'amr-robustness-comparison',
      version: 1,
      ...(title && { title }),
      ...(baseline && { baseline }),
      ...(settings && { settings }),
      ...(notes && { notes }),
      comparison: this.attacks,
      ...(curves && { curves }),
      modalityWeights: this.modalityWeights,
      reports: Object.fromEntries(
        [...this.reports].map(([name, list]) => [name, list.map((report) => report.toJSON())]),
      ),
    };
  }

  /** A Markdown table for each attack; a figure in bold is better than every other model's by more than chance. */
  toMarkdown(): string {
    return comparisonMarkdown(this.#comparison);
  }

  /** The same tables for a terminal; `*` marks the figures that Markdown has in bold. */
  toText(): string {
    return comparisonText(this.#comparison);
  }

  /** One HTML page with tables and plots, without scripts and without anything to load from a network. */
  async toHTML(): Promise<string> {
    // Programs that render no page don't load the plotting library.
    const { comparisonHtml } = await import('./html/comparisonHtml.js');
    return comparisonHtml(this.#comparison);
  }
}
