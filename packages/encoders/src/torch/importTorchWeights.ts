import { float32ValuesOf, type NumericArray, readTensorFile } from '@amr/formats';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { pysklNames } from './names/pysklNames.js';
import { pytorchvideoNames } from './names/pytorchvideoNames.js';
import { skelactNames } from './names/skelactNames.js';
import { torchvisionNames } from './names/torchvisionNames.js';
import { errorOf, TorchImportError, type TorchImportReport } from './torchImportReport.js';
import {
  type Assignment,
  type EncoderChoice,
  type FileTensors,
  isCounter,
  type Matching,
  matchTorch,
  type Naming,
  partOf,
  plainName,
} from './torchMatching.js';
import type { TorchNames } from './torchWeights.js';
import { layersIn, weightedLayers } from './weightedLayers.js';

/** How weights are imported; everything has a default. */
export interface TorchImportOptions {
  /**
   * How the file names the modules: a family's names, a function, or a module's name for each layer's. Default: the
   * family of which the most names are in the file.
   */
  names?: TorchFamily | TorchNames | { readonly [layer: string]: string };
  /**
   * What stands in front of the names of the layers that take part: an encoder's `name`. Default: the encoder of which
   * the most names are in the file. Layers of other encoders are left as they are.
   */
  encoder?: string;
  /** Imports what fits and leaves the rest of the model as it is, instead of an error. Default false. */
  partial?: boolean;
  /** Only tensors of the file whose names begin so take part, such as `'student.'`; it is taken off. Default none. */
  prefix?: string;
  /**
   * Names to leave out on both sides, for instance those of a classifier for other classes: tensors of the file are not
   * imported, weights of the model that are called so stay as they are. Names come without `prefix`, `module.`,
   * `_orig_mod.` and `backbone.` in front.
   */
  skip?: (name: string) => boolean;
  /** Keys on the way to the state dict in a .pth file, such as `['ema', 'model']`, instead of the usual ones. */
  stateDict?: readonly string[];
  /** Compares the checksums of .npz and .pth files, which PyTorch can be told not to write. Default true. */
  checksums?: boolean;
  /** Writes nothing and gives the report, without an error for what doesn't fit. Default false. */
  onlyReport?: boolean;
}

/** The families of networks whose names are known. */
export type TorchFamily = 'torchvision' | 'pytorchvideo' | 'pyskl' | 'skelact';

const families: { readonly [family in TorchFamily]: TorchNames } = {
  torchvision: torchvisionNames,
  pytorchvideo: pytorchvideoNames,
  pyskl: pysklNames,
  skelact: skelactNames,
};

/**
 * Sets the weights of a model to those that PyTorch trained, from a .safetensors, .npz or .pth/.pt file (written by
 * `torch.save`, old files too). Which it is shows in the first bytes. A .pth file is read without executing anything:
 * one that holds more than tensors and plain values is refused. A checkpoint may have its state dict under
 * `state_dict`, `model_state_dict`, `model_state`, `model`, `net`, `network`, `module` or `weights`; `module.`,
 * `_orig_mod.` and `backbone.` in front of names and `num_batches_tracked` don't matter.
 *
 * Each layer says what PyTorch calls its weights and how it lays them out; the naming says which module it stands
 * for. Nothing is written unless everything fits: a weight of the encoder that is not in the file, a tensor of the
 * file that no layer takes, another shape, a graph other than the layer's, and a value that is not finite are errors.
 *
 * @param model built by this package or from layers of tfjs; models inside of it are walked into
 * @param file the file's bytes
 * @returns what was imported, and with `partial` what was not
 * @throws {TorchImportError} when the file doesn't fit the model; its `report` has all names
 * @throws {FormatError} of `@amr/formats` when the file is damaged or refused
 * @example
 * ```ts
 * import { importTorchWeights, r3d, singleStream } from '@amr/encoders';
 * import { writeSafetensors } from '@amr/formats';
 *
 * const encoder = r3d({ inputShape: [2, 8, 8, 3], width: 4, blocks: [1] });
 * const model = singleStream(encoder, { classes: 5 });
 * // In earnest: await importTorchWeights(model, await readFile('r3d_18.safetensors'));
 * const tensors = new Map([['fc.bias', { dtype: 'F32' as const, shape: [5], bytes: new Uint8Array(20) }]]);
 * const file = writeSafetensors({ tensors, metadata: {} });
 * const report = await importTorchWeights(model, file, { partial: true });
 * console.log(report.names, report.imported); // torchvision, logits' bias
 * ```
 */
export async function importTorchWeights(
  model: LayersModel,
  file: Uint8Array | ArrayBuffer | Blob,
  options: TorchImportOptions = {},
): Promise<TorchImportReport> {
  const { stateDict, checksums } = options;
  const { tensors } = readTensorFile(await bytesOf(file), { stateDict, checksums });
  const { report, assignments } = bestMatching(model, fileTensors(tensors, options), options);
  if (options.onlyReport) return report;
  const error = options.partial ? undefined : errorOf(report);
  if (error) throw error;
  write(assignments, report);
  return report;
}

async function bytesOf(file: Uint8Array | ArrayBuffer | Blob): Promise<Uint8Array> {
  if (file instanceof Uint8Array) return file;
  return new Uint8Array(file instanceof ArrayBuffer ? file : await file.arrayBuffer());
}

/** The tensors that take part, by plain names. */
function fileTensors(
  tensors: ReadonlyMap<string, NumericArray>,
  { prefix = '', skip = () => false }: TorchImportOptions,
): FileTensors {
  const byName = new Map<string, { name: string; array: NumericArray }>();
  for (const [name, array] of tensors) {
    if (!name.startsWith(prefix) || isCounter(name)) continue;
    const plain = plainName(name.slice(prefix.length));
    if (skip(plain)) continue;
    const twin = byName.get(plain);
    if (twin) {
      throw new TorchImportError(
        `'${twin.name}' and '${name}' both stand for '${plain}'; choose one with prefix.`,
      );
    }
    byName.set(plain, { name, array });
  }
  if (byName.size === 0) {
    const some = [...tensors.keys()].slice(0, 5).join(', ');
    throw new TorchImportError(
      `no tensor of the file takes part (prefix '${prefix}'); it has ${some || 'none'}.`,
    );
  }
  return {
    get: (name) => byName.get(name),
    skips: skip,
    names: [...byName.values()].map(({ name }) => name),
  };
}

/** The matching with the most names in common, among the namings and the model's encoders. */
function bestMatching(model: LayersModel, file: FileTensors, options: TorchImportOptions): Matching {
  const layers = weightedLayers(model);
  const all = layersIn(model).map(({ name }) => name);
  const namings = namingsOf(options.names);
  const choices = encoderChoices(all, options);
  const matchings = namings.flatMap((naming) =>
    choices.map((choice) => matchTorch(file, layers, all, choice, naming)),
  );
  const most = Math.max(...matchings.map(({ hits }) => hits.size));
  const best = matchings.filter(({ hits }) => hits.size === most);
  const title = ({ report }: Matching) => `${report.names} names for the layers '${report.encoder}...'`;
  if (most === 0) {
    const sought = matchings.flatMap(({ report }) => report.missing.find(({ name }) => name)?.name ?? []);
    throw new TorchImportError(
      `no name in the file fits; tried the ${matchings.map(title).join(', the ')}, which would be called ` +
        `${sought.join(', ') || 'nothing'}; the file has ${file.names.slice(0, 5).join(', ')}. Give names.`,
    );
  }
  const [first] = best as [Matching];
  if (best.some(({ report }) => JSON.stringify(report.imported) !== JSON.stringify(first.report.imported))) {
    throw new TorchImportError(
      `${most} names fit in several ways: the ${best.map(title).join(', the ')}. Say which by encoder or names.`,
    );
  }
  return first;
}

function namingsOf(names: TorchImportOptions['names']): Naming[] {
  if (typeof names === 'function') return [{ title: 'given', names }];
  if (typeof names === 'object') {
    return [{ title: 'given', names: (layer) => (Object.hasOwn(names, layer) ? names[layer] : undefined) }];
  }
  if (names !== undefined && !Object.hasOwn(families, names)) {
    throw new TorchImportError(`got names '${names}'; expected one of ${Object.keys(families).join(', ')}.`);
  }
  const titles = names === undefined ? (Object.keys(families) as TorchFamily[]) : [names];
  return titles.map((title) => ({ title, names: families[title] }));
}

/** The encoders that may be meant. */
function encoderChoices(
  layers: readonly string[],
  { names, encoder }: Pick<TorchImportOptions, 'names' | 'encoder'>,
): EncoderChoice[] {
  // The first parts of an encoder are called so, behind its own name.
  const found = [
    ...new Set(layers.flatMap((name) => /^(.*?)(?:Stem|Stage\d|InputNorm)/.exec(name)?.[1] ?? [])),
  ];
  const choice = (one: string) => ({ encoder: one, others: found.filter((other) => other !== one) });
  if (encoder !== undefined) {
    const part = partOf(encoder, found);
    if (!layers.some((name) => part(name) !== undefined)) {
      const known = found.map((name) => `'${name}'`).join(', ') || 'no encoder';
      throw new TorchImportError(
        `no layer of the model belongs to '${encoder}', the encoder that was asked for; it has ${known}.`,
      );
    }
    return [choice(encoder)];
  }
  // Names for each layer are for all of them.
  if (typeof names === 'object' || found.length === 0) return [{ encoder: '', others: [] }];
  return found.map(choice);
}

/** Converts all, then sets all: an error leaves the model as it was. */
function write(assignments: readonly Assignment[], report: TorchImportReport): void {
  tf.tidy(() => {
    const converted = assignments.map(({ variable, torch, name, array }) => {
      // A copy: some backends keep the array, and with it would keep the whole file.
      const values = float32ValuesOf(array).slice();
      if (!values.every(Number.isFinite)) {
        throw new TorchImportError(`${name} has a value that is not finite. Nothing was written.`, report);
      }
      const weight = tf.tensor(values, [...torch.shape], 'float32');
      return { variable, weight: torch.from ? torch.from(weight) : weight };
    });
    for (const { variable, weight } of converted) variable.write(weight);
  });
}
