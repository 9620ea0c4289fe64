import { float32ValuesOf, type NumericArray } from '@amr/formats';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { TorchImportReport } from './torchImportReport.js';
import type { TorchConstant, TorchNames, TorchWeight } from './torchWeights.js';
import type { WeightedLayer } from './weightedLayers.js';

/** A naming with what to call it. */
export interface Naming {
  title: string;
  names: TorchNames;
}

/** A weight of the model with the tensor of the file that goes there. */
export interface Assignment {
  variable: LayerVariable;
  torch: TorchWeight;
  name: string;
  array: NumericArray;
}

/** A model and a file, matched by one naming. */
export interface Matching {
  report: TorchImportReport;
  assignments: Assignment[];
  /** Names of weights that both sides have. */
  hits: Set<string>;
}

/** Tensors of a file by their names without what wrappers put in front. */
export interface FileTensors {
  get(name: string): { name: string; array: NumericArray } | undefined;
  /** Whether the caller left the name out. */
  skips(name: string): boolean;
  names: readonly string[];
}

/** A constant may differ by this much: graphs are stored as float32. */
const CONSTANT_TOLERANCE = 1e-5;

/**
 * The names of a module and of the tensors below it don't say how the network was wrapped when it was saved:
 * `module.` comes from DataParallel, `_orig_mod.` from torch.compile, `backbone.` from recognisers of the mm family.
 */
export const plainName = (name: string): string => name.replace(/^((module|_orig_mod|backbone)\.)+/, '');

/** Counters that no network computes with. */
export const isCounter = (name: string): boolean => name.endsWith('num_batches_tracked');

/**
 * Finds each weight of the encoder in the file.
 * @param layers the model's layers with weights
 * @param all the names of all layers of the model
 * @param encoder what stands in front of the names of the encoder's layers
 * @param others the same of the model's other encoders
 */
export function matchTorch(
  file: FileTensors,
  layers: readonly WeightedLayer[],
  all: readonly string[],
  { encoder, others, naming }: { encoder: string; others: readonly string[]; naming: Naming },
): Matching {
  const part = partOf(encoder, others);
  const parts = all.flatMap((name) => part(name) ?? []);
  const moduleOf = (name: string) => {
    const own = part(name);
    return own === undefined ? undefined : naming.names(own, parts);
  };
  const inside = layers.filter(({ name }) => part(name) !== undefined);
  const taken = new Set(inside.map(({ name }) => moduleOf(name)));
  // A classifier is called `logits`, without the encoder's name. With several encoders it sees all of them and isn't
  // what the file has, which `rgbLogits` is then.
  const heads = layers.filter(({ name }) => {
    if (part(name) !== undefined || others.some((other) => name.startsWith(other))) return false;
    const module = naming.names(name, parts);
    return module !== undefined && !taken.has(module);
  });

  const report: TorchImportReport = {
    names: naming.title,
    encoder,
    imported: [],
    missing: [],
    unexpected: [],
    mismatched: [],
  };
  const assignments: Assignment[] = [];
  const hits = new Set<string>();
  for (const layer of [...inside, ...heads]) {
    const module =
      moduleOf(layer.name) ?? (heads.includes(layer) ? naming.names(layer.name, parts) : undefined);
    for (const [weight, variable] of Object.entries(layer.variables)) {
      const torch = layer.torch?.[weight];
      if (module === undefined || !torch) {
        report.missing.push({ layer: layer.name, weight });
        continue;
      }
      const wanted = join(module, torch.name);
      if (file.skips(wanted)) continue;
      const found = file.get(wanted);
      if (!found) {
        report.missing.push({ layer: layer.name, weight, name: wanted });
        continue;
      }
      hits.add(found.name);
      const match = { layer: layer.name, weight, name: found.name };
      if (String(found.array.shape) === String(torch.shape)) {
        report.imported.push(match);
        assignments.push({ variable, torch, name: found.name, array: found.array });
      } else {
        report.mismatched.push({ ...match, expected: torch.shape, found: found.array.shape });
      }
    }
    for (const constant of module === undefined ? [] : layer.constants) {
      const found = file.get(join(module!, constant.name));
      if (!found) continue;
      hits.add(found.name);
      if (!equal(constant, found.array)) {
        const match = { layer: layer.name, weight: constant.name, name: found.name };
        report.mismatched.push({ ...match, expected: constant.shape, found: found.array.shape });
      }
    }
  }
  report.unexpected = file.names.filter((name) => !hits.has(name));
  return { report, assignments, hits };
}

/** A layer's name without the encoder's in front; undefined for a layer of another encoder, or of none. */
function partOf(encoder: string, others: readonly string[]): (name: string) => string | undefined {
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
