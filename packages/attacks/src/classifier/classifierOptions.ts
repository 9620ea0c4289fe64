import type { LogitsOfOptions } from './layersModel/logitsOf.js';

/** Options of `classifierOf`. */
export interface ClassifierOfOptions extends LogitsOfOptions {
  /** Modality names of the model's inputs, in the model's order. Default: the names that the model gives them. */
  inputs?: string[];
  /** The output with the predictions: its index or its name, or the name of a node of a GraphModel. Default 0, the first. */
  output?: number | string;
  /**
   * Whether layers run as in training: dropout is active, and batch normalisation uses the batch's statistics and updates
   * the running averages. Default false. With true there is no `frozen`, rows depend on one another, and each step changes
   * the running averages. A GraphModel has no such form.
   */
  training?: boolean;
}
