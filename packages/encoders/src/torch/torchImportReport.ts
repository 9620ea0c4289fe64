import { formatValue } from '@amr/internal';

/** A weight of the model, and its name in the file. */
export interface TorchMatch {
  /** The layer's name. */
  layer: string;
  /** The weight's name in the layer: `kernel` for instance. */
  weight: string;
  /** The tensor's name in the file. */
  name: string;
}

/** A weight of the model that the file doesn't have. */
export interface TorchMissing {
  /** The layer's name. */
  layer: string;
  /** The weight's name in the layer. */
  weight: string;
  /** The name that the file should have; absent when the naming doesn't know the layer, or the layer has no PyTorch module. */
  name?: string;
}

/** A weight that has another shape in the file, or a constant of the layer that has other values there. */
export interface TorchMismatch extends TorchMatch {
  /** The shape that fits the layer, as PyTorch lays it out. */
  expected: readonly number[];
  /** The shape in the file. Equal shapes: the values of a constant, such as a graph, differ. */
  found: readonly number[];
}

/** The result of an import of weights, or of a trial with `onlyReport`. */
export interface TorchImportReport {
  /** The naming that was used: `torchvision` for instance, or `given`. */
  names: string;
  /** The encoder: the start of the names of its layers. */
  encoder: string;
  /** Weights that were set. */
  imported: TorchMatch[];
  /** Weights of the model that are not in the file. */
  missing: TorchMissing[];
  /** Tensors of the file that no layer takes; counters such as `num_batches_tracked` are not listed. */
  unexpected: string[];
  /** Weights of another shape. */
  mismatched: TorchMismatch[];
}

/** Weights that don't fit the model. The model is unchanged. */
export class TorchImportError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'TorchImportError';
  /** Names the kind of error. */
  readonly code = 'AMR_TORCH_IMPORT';
  /** What fits and what doesn't; absent when no tensor of the file could be matched with the model. */
  readonly report: TorchImportReport | undefined;

  /** @param report what fits and what doesn't, if the file could be matched */
  constructor(message: string, report?: TorchImportReport) {
    super(message);
    this.report = report;
  }
}

/** The error for a report with something missing, unexpected or of another shape; undefined for one without. */
export function errorOf(report: TorchImportReport): TorchImportError | undefined {
  const { missing, unexpected, mismatched } = report;
  const parts = [
    first(missing, 'missing in the file', ({ layer, weight, name }) =>
      name === undefined ? `${layer} ${weight} (without a known name)` : `${name} (${layer} ${weight})`,
    ),
    first(unexpected, 'in the file but not in the model', (name) => name),
    first(mismatched, 'different', ({ layer, name, expected, found }) =>
      String(expected) === String(found)
        ? `${name} has other values than the config of ${layer} (another layout or partition?)`
        : `${name} is ${formatValue(found)}, ${layer} expects ${formatValue(expected)}`,
    ),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return undefined;
  return new TorchImportError(
    `importTorchWeights.file: got ${report.imported.length} weights that fit by the ${report.names} names, and ` +
      `${parts.join(', ')}; expected all weights to fit. The model is unchanged. Set partial: true to import the weights ` +
      'that fit, or skip to leave tensors out.',
    report,
  );
}

/** "12 missing in the file (a, b, c and 9 more)" */
function first<T>(items: readonly T[], what: string, text: (item: T) => string): string | undefined {
  if (items.length === 0) return undefined;
  const shown = items.slice(0, 3).map(text).join(', ');
  return `${items.length} ${what} (${shown}${items.length > 3 ? ` and ${items.length - 3} more` : ''})`;
}
