import { float32ValuesOf, type NumericArray, readTensorFile } from '@amr/formats';
import { mismatch, unknownKey } from '@amr/internal';
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

/** Options of {@link importTorchWeights}. Everything has a default. */
export interface TorchImportOptions {
  /**
   * The naming of the modules in the file: a family's, a function, or an object from a layer's name to a module's. Default:
   * the family with the most names in the file.
   */
  names?: TorchFamily | TorchNames | { readonly [layer: string]: string };
  /**
   * The encoder to import into: the `name` of its config, with which the names of its layers start. Default: the encoder
   * with the most names in the file. Layers of other encoders don't change.
   */
  encoder?: string;
  /** Imports the weights that fit instead of throwing an error; the rest of the model doesn't change. Default false. */
  partial?: boolean;
  /** Uses only tensors of the file whose names start with it, such as `'student.'`, and removes it. Default: all tensors. */
  prefix?: string;
  /**
   * Names to leave out, for instance those of a classifier for other classes: tensors of the file with such a name are not
   * imported, and weights of the model with such a name don't change. Names are given without `prefix`, `module.`,
   * `_orig_mod.` and `backbone.` at their start.
   */
  skip?: (name: string) => boolean;
  /** Keys of the path to the state dict in a .pth file, such as `['ema', 'model']`. Default: the usual keys. */
  stateDict?: readonly string[];
  /** Compares the checksums of .npz and .pth files; PyTorch has an option not to write them. Default true. */
  checksums?: boolean;
  /** Returns the report without changing the model, and throws no error for weights that don't fit. Default false. */
  onlyReport?: boolean;
}

/** The families of networks whose names the package knows. */
export type TorchFamily = 'torchvision' | 'pytorchvideo' | 'pyskl' | 'skelact';

const families: { readonly [family in TorchFamily]: TorchNames } = {
  torchvision: torchvisionNames,
  pytorchvideo: pytorchvideoNames,
  pyskl: pysklNames,
  skelact: skelactNames,
};

/**
 * Sets the weights of a model to those that PyTorch trained, from a .safetensors, .npz or .pth/.pt file (written by
 * `torch.save`, also in its old format). The first bytes tell the format. Reading a .pth file executes nothing: a file with
 * more than tensors and plain values is refused. A checkpoint may have its state dict under
 * `state_dict`, `model_state_dict`, `model_state`, `model`, `net`, `network`, `module` or `weights`; `module.`,
 * `_orig_mod.` and `backbone.` at the start of names and `num_batches_tracked` don't matter.
 *
 * Each layer knows PyTorch's names and layouts of its weights; the naming maps the layer to a module. The model only
 * changes if everything fits: a weight of the encoder that is not in the file, a tensor of the file without a layer,
 * another shape, a graph other than the layer's, and a value that is not finite are errors. All tensors are converted
 * before the first is written, so an error leaves the model unchanged.
 *
 * @param model a model of this package or of tfjs layers, with or without nested models
 * @param file the file's bytes
 * @returns what was imported, and with `partial` what was not
 * @throws {TorchImportError} when the file doesn't fit the model, in which case its `report` has all names, or for unknown
 * options
 * @throws {FormatError} of `@amr/formats` when the file is damaged or refused
 * @example
 * ```ts
 * import { importTorchWeights, r3d, singleStream } from '@amr/encoders';
 * import { writeSafetensors } from '@amr/formats';
 *
 * const encoder = r3d({ inputShape: [2, 8, 8, 3], width: 4, blocks: [1] });
 * const model = singleStream(encoder, { classes: 5 });
 * // With a real file: await importTorchWeights(model, await readFile('r3d_18.safetensors'));
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
  const unknown = unknownKey('importTorchWeights', options, Object.keys(OPTIONS));
  if (unknown !== undefined) throw new TorchImportError(unknown);
  const { stateDict, checksums } = options;
  const { tensors } = readTensorFile(await bytesOf(file), { stateDict, checksums });
  const { report, assignments } = bestMatching(model, fileTensors(tensors, options), options);
  if (options.onlyReport) return report;
  const error = options.partial ? undefined : errorOf(report);
  if (error) throw error;
  write(assignments, report);
  return report;
}

const OPTIONS: { readonly [option in keyof TorchImportOptions]-?: true } = {
  names: true,
  encoder: true,
  partial: true,
  prefix: true,
  skip: true,
  stateDict: true,
  checksums: true,
  onlyReport: true,
};

async function bytesOf(file: Uint8Array | ArrayBuffer | Blob): Promise<Uint8Array> {
  if (file instanceof Uint8Array) return file;
  return new Uint8Array(file instanceof ArrayBuffer ? file : await file.arrayBuffer());
}

/** The tensors to import, by plain names. */
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
        `importTorchWeights.file: got '${twin.name}' and '${name}', which both mean '${plain}'; expected one tensor for ` +
          'each name. Choose one of the two with prefix.',
      );
    }
    byName.set(plain, { name, array });
  }
  if (byName.size === 0) {
    const first = [...tensors.keys()].slice(0, 5).join(', ') || 'none';
    throw new TorchImportError(
      mismatch(
        'importTorchWeights.prefix',
        prefix,
        'the start of names in the file',
        `Its first tensors: ${first}.`,
      ),
    );
  }
  return {
    get: (name) => byName.get(name),
    skips: skip,
    names: [...byName.values()].map(({ name }) => name),
  };
}

/** The matching with the most common names, of all namings and encoders of the model. */
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
    const expected = matchings.flatMap(({ report }) => report.missing.find(({ name }) => name)?.name ?? []);
    throw new TorchImportError(
      `importTorchWeights.file: got the names ${file.names.slice(0, 5).join(', ')}; expected names such as ` +
        `${expected.join(', ') || 'none'} (tried the ${matchings.map(title).join(', the ')}). Pass the naming of the file ` +
        'as names.',
    );
  }
  const [first] = best as [Matching];
  if (best.some(({ report }) => JSON.stringify(report.imported) !== JSON.stringify(first.report.imported))) {
    throw new TorchImportError(
      `importTorchWeights.file: got ${most} names that fit in several ways, the ${best.map(title).join(', the ')}; ` +
        'expected one way. Choose it with encoder or names.',
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
    const expected = `one of ${Object.keys(families).join(', ')}`;
    throw new TorchImportError(mismatch('importTorchWeights.names', names, expected));
  }
  const titles = names === undefined ? (Object.keys(families) as TorchFamily[]) : [names];
  return titles.map((title) => ({ title, names: families[title] }));
}

/** The encoders that the import may be for. */
function encoderChoices(
  layers: readonly string[],
  { names, encoder }: Pick<TorchImportOptions, 'names' | 'encoder'>,
): EncoderChoice[] {
  // The names of an encoder's first layers are its own name and one of these.
  const found = [
    ...new Set(layers.flatMap((name) => /^(.*?)(?:Stem|Stage\d|InputNorm)/.exec(name)?.[1] ?? [])),
  ];
  const choice = (one: string) => ({ encoder: one, others: found.filter((other) => other !== one) });
  if (encoder !== undefined) {
    const part = partOf(encoder, found);
    if (!layers.some((name) => part(name) !== undefined)) {
      const known = found.map((name) => `'${name}'`).join(', ') || 'no encoder';
      throw new TorchImportError(
        mismatch('importTorchWeights.encoder', encoder, `an encoder of the model: ${known}`),
      );
    }
    return [choice(encoder)];
  }
  // An object of names is for the layers of all encoders.
  if (typeof names === 'object' || found.length === 0) return [{ encoder: '', others: [] }];
  return found.map(choice);
}

/** Converts all tensors, then writes all, so that an error leaves the model unchanged. */
function write(assignments: readonly Assignment[], report: TorchImportReport): void {
  tf.tidy(() => {
    const converted = assignments.map(({ variable, torch, name, array }) => {
      // A copy, since some backends keep the array, and with it would keep the memory of the whole file.
      const values = float32ValuesOf(array).slice();
      if (!values.every(Number.isFinite)) {
        throw new TorchImportError(
          `importTorchWeights.file: got a value in ${name} that is not finite; expected finite numbers. The model is unchanged.`,
          report,
        );
      }
      const weight = tf.tensor(values, [...torch.shape], 'float32');
      return { variable, weight: torch.from ? torch.from(weight) : weight };
    });
    for (const { variable, weight } of converted) variable.write(weight);
  });
}
