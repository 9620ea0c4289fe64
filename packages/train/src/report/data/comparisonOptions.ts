import type { MeanModalityWeights } from './reportData.js';
import type { RobustnessCurve } from './robustnessCurve.js';

/** A picture for the page. */
export interface ComparisonFigure {
  /** Heading; escaped. */
  title: string;
  /** Text below the picture; escaped. */
  caption?: string;
  /** SVG source, which enters the page unescaped. */
  svg?: string;
  /** HTML source, which enters the page unescaped: an `<img>` with a data URL, for instance. */
  html?: string;
}

/** Options of {@link compareReports}. */
export interface ComparisonOptions {
  /** Name of the undefended model, against which RI is measured. Default: none, and no RI. */
  baseline?: string;
  /** Heading. Default: 'Robustness comparison'. */
  title?: string;
  /** Robust accuracy against the budget, by model. */
  curves?: { readonly [model: string]: RobustnessCurve };
  /** Modality weights by model. Default: those of each model's first report that has any. */
  modalityWeights?: { readonly [model: string]: MeanModalityWeights };
  /** Pictures, e.g. clips before and after an attack. */
  figures?: readonly ComparisonFigure[];
  /** Settings of the run, with which a reader can repeat it: data, seeds, sizes, command. */
  settings?: { readonly [name: string]: string | number | boolean };
  /** Remarks under the tables, e.g. that AMR's formula is a reconstruction. */
  notes?: readonly string[];
}
