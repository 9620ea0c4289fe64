import { float32ValuesOf, type NumericArray } from '@amr/formats';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { TorchImportReport } from './torchImportReport.js';
import type { TorchConstant, TorchNames, TorchWeight } from './torchWeights.js';
import type { WeightedLayer } from './weightedLayers.js';

/** A naming, with its name in reports. */
export interface Naming {
  title: string;
  names: TorchNames;
}

/** A weight of the model, and the tensor of the file with its new value. */
export interface Assignment {
  variable: LayerVariable;
  torch: TorchWeight;
  name: string;
  array: NumericArray;
}

/** The result of matching a model with a file by one naming. */
export interface Matching {
  report: TorchImportReport;
  assignments: Assignment[];
  /** Names of tensors that both the file and the model have. */
  hits: Set<string>;
}

/** Tensors of a file by their names without the prefixes of wrappers. */
export interface FileTensors {
  get(name: string): { name: string; array: NumericArray } | undefined;
  /** Whether the caller skips the name. */
  skips(name: string): boolean;
  names: readonly string[];
}

/** Constants may differ by this much, since files store graphs as float32. */
const CONSTANT_TOLERANCE = 1e-5;

/**
 * The name of a tensor without the prefixes of the wrappers in which a network was saved: `module.` of DataParallel,
 * `_orig_mod.` of torch.compile, `backbone.` of recognisers of the mm family.
 */
export const plainName = (name: string): string => name.replace(/^((module|_orig_mod|backbone)\.)+/, '');

/** Whether the tensor is a counter, which no network computes with. */
export const isCounter = (name: string): boolean => name.endsWith('num_batches_tracked');

/** The encoder of a model to import into. */
export interface EncoderChoice {
  /** The start of the names of the encoder's layers. */
  encoder: string;
  /** The same of the model's other encoders. */
  others: readonly string[];
}

/**
 * Finds each weight of the encoder in the file.
 * @param layers the model's layers with weights
 * @param all the names of all layers of the model
 */
export function matchTorch(
  file: FileTensors,
  layers: readonly WeightedLayer[],
  all: readonly string[],
  choice: EncoderChoice,
  naming: Naming,
): Matching {
  const matching: Matching = {
    report: {
      names: naming.title,
      encoder: choice.encoder,
      imported: [],
      missing: [],
      unexpected: [],
      mismatched: [],
    },
    assignments: [],
    hits: new Set(),
  };
  for (const { layer, module } of modulesOf(layers, all, choice, naming)) {
    for (const weight of Object.keys(layer.variables)) matchWeight(matching, file, layer, module, weight);
    if (module === undefined) continue;
    for (const constant of layer.constants) matchConstant(matching, file, layer, module, constant);
  }
  matching.report.unexpected = file.names.filter((name) => !matching.hits.has(name));
  return matching;
}

/** The layers to import into, each with the module that computes the same. */
function modulesOf(
  layers: readonly WeightedLayer[],
  all: readonly string[],
  { encoder, others }: EncoderChoice,
  { names }: Naming,
): { layer: WeightedLayer; module: string | undefined }[] {
  const part = partOf(encoder, others);
  const parts = all.flatMap((name) => part(name) ?? []);
  return layers.flatMap((layer) => {
    const name = part(layer.name);
    if (name !== undefined) return { layer, module: names(name, parts) };
    // The classifier of a single encoder has the name `logits`, without the encoder's. In a network of several, `logits`
    // classifies their fusion, which no file of one encoder has.
    const module = others.length === 0 ? names(layer.name, parts) : undefined;
    return module === undefined ? [] : { layer, module };
  });
}

function matchWeight(
  { report, assignments, hits }: Matching,
  file: FileTensors,
  layer: WeightedLayer,
  module: string | undefined,
  weight: string,
): void {
  const torch = layer.torch?.[weight];
  if (module === undefined || !torch) {
    report.missing.push({ layer: layer.name, weight });
    return;
  }
  const wanted = join(module, torch.name);
  if (file.skips(wanted)) return;
  const found = file.get(wanted);
  if (!found) {
    report.missing.push({ layer: layer.name, weight, name: wanted });
    return;
  }
  const { name, array } = found;
  hits.add(name);
  const match = { layer: layer.name, weight, name };
  if (String(array.shape) === String(torch.shape)) {
    report.imported.push(match);
    assignments.push({ variable: layer.variables[weight]!, torch, name, array });
  } else {
    report.mismatched.push({ ...match, expected: torch.shape, found: array.shape });
  }
}

/** Compares a constant with that of the file, if the file has it. */
function matchConstant(
  { report, hits }: Matching,
  file: FileTensors,
  layer: WeightedLayer,
  module: string,
  constant: TorchConstant,
): void {
  const found = file.get(join(module, constant.name));
  if (!found) return;
  hits.add(found.name);
  if (equal(constant, found.array)) return;
  const match = { layer: layer.name, weight: constant.name, name: found.name };
  report.mismatched.push({ ...match, expected: constant.shape, found: found.array.shape });
}

/** Maps a layer's name to the rest after the encoder's name, or to undefined for a layer that is not of this encoder. */
export function partOf(encoder: string, others: readonly string[]): (name: string) => string | undefined {
  const longer = others.filter((other) => other.length > encoder.length && other.startsWith(encoder));
  return (name) =>
    name.startsWith(encoder) && !longer.some((other) => name.startsWith(other))
      ? name.slice(encoder.length)
      : undefined;
}

const join = (module: string, name: string) => plainName(module === '' ? name : `${module}.${name}`);

function equal(constant: TorchConstant, array: NumericArray): boolean {
  if (String(constant.shape) !== String(array.shape)) return false;
  const values = float32ValuesOf(array);
  return constant.values.every((value, i) => Math.abs(value - values[i]!) <= CONSTANT_TOLERANCE);
}
