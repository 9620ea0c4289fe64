import { optionChecks } from '@amr/internal';
import { LayersModel, layers, model as modelOf, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { InsertionError } from '../errors.js';
import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
} from '../fusion/attentionModalityReweighter.js';
import type { OwnKeys } from '../options.js';
import { checkInsertable } from './checkInsertable.js';
import type { Value } from './graphValues.js';
import { LayerNames } from './layerNames.js';
import { type LayerReference, resolveReferences } from './layerReference.js';
import { mayBeMasked } from './masking.js';
import { type ModelGraph, placedLayers } from './modelGraph.js';
import { checkPlaces, placesOf } from './places.js';
import { RebuiltGraph } from './rebuiltGraph.js';
import { RestoreMask } from './restoreMask.js';

/** Options of {@link insertAmr}: where to insert, and the options of the reweighter. */
export interface InsertAmrConfig extends AttentionModalityReweighterConfig {
  /**
   * The layers behind which the reweighter is inserted: one of each branch, in the order of the reweighter's inputs. Or a
   * list of such lists, for several reweighters, from the first layers of the network to the last.
   */
  at: readonly LayerReference[] | readonly (readonly LayerReference[])[];
  /** Name of the reweighter's layer; with several places, a number from 1 is appended to it. Default `'reweighter'`. */
  name?: string;
}

/**
 * Plugs an {@link AttentionModalityReweighter} into an existing model, whether it was built or loaded. The predictions stay
 * the same to the last bit until the reweighter is trained. All layers behind the named ones get the reweighted features.
 * The inputs, the outputs, their names and their order are those of the model; an output of the model that is itself the
 * output of a named layer is not reweighted.
 *
 * The new model shares its layers and weights with the old one: training one trains both, and the old model stays usable,
 * without the reweighter. To get separate weights, insert into a copy made by `model.save` and `loadLayersModel`. Either
 * model can be disposed of; disposing of the second one frees the shared weights. The new model isn't compiled.
 *
 * A branch may be any part of the graph: layers, recurrent layers, Sequential or functional models nested to any depth,
 * also shared ones. A nested model that holds a named layer is opened: in the new model, its layers stand in its place,
 * under their own names (a layer without weights whose name is taken gets its path as its name). Each branch keeps its own
 * mask, by {@link RestoreMask} layers, which are added where there are masks. A recurrent layer that gets the mask of
 * another branch from tfjs, because that branch runs first, keeps getting it, unless the mask starts behind the reweighter
 * and the layer stands in front of it. With `returnWeights`, the weights of each reweighter follow the model's outputs.
 * With `seed`, the places use the seeds `seed`, `seed + 1`, ... A saved model loads after `import '@amr/layers'`.
 *
 * {@link insertionPoints} lists the layers of each branch behind which a reweighter can be inserted.
 *
 * @param model a LayersModel or Sequential with two or more branches, all features [batch, ..., channels]
 * @throws {InsertionError} when a layer doesn't exist (the nearest names are listed), stands for several tensors, or is not
 *   followed by any layer; when the layers of one place lie on one path, the places are out of order, or the features don't
 *   fit together: unknown channels, mixed batch sizes, integers, fewer than two; for an unknown option
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, sequential, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { insertAmr } from '@amr/layers';
 *
 * // An existing model: a nested branch for the video, a layer for the skeleton.
 * const video = input({ shape: [8, 8, 3], name: 'video' });
 * const skeleton = input({ shape: [25, 3], name: 'skeleton' });
 * const branch = sequential({ name: 'videoBranch' });
 * branch.add(layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3], name: 'conv' }));
 * branch.add(layers.globalAveragePooling2d({}));
 * const joints = layers.conv1d({ filters: 5, kernelSize: 3, name: 'joints' }).apply(skeleton);
 * const pooled = layers.globalAveragePooling1d().apply(joints);
 * const joined = layers.concatenate().apply([branch.apply(video), pooled] as SymbolicTensor[]);
 * const logits = layers.dense({ units: 3, name: 'logits' }).apply(joined) as SymbolicTensor;
 * const theirs = model({ inputs: [video, skeleton], outputs: logits });
 *
 * const ours = insertAmr(theirs, { at: ['videoBranch/conv', 'joints'], granularity: 'channel' });
 * const clips = [tf.ones([2, 8, 8, 3]), tf.ones([2, 25, 3])];
 * const [before, after] = [theirs, ours].map((one) => (one.predict(clips) as tf.Tensor).arraySync());
 * console.log(before, after); // the same
 * ```
 */
export function insertAmr(model: LayersModel, config: InsertAmrConfig): LayersModel {
  checkArguments(model, config);
  const places = placesOf(config.at);
  const { graph, stages } = resolveReferences(model, places);
  checkPlaces(stages, places, graph.uses);

  const counts = referenceCounts(model);
  const names = new LayerNames(graph.uses);
  const rebuilt = new RebuiltGraph(graph, names, stages.flat());
  const { original, weights } = insertReweighters(stages, config, rebuilt, names);
  const outputs = outputsOf(model, graph, (value) => original.get(value) ?? rebuilt.tensorOf(value), names);

  const extended = modelOf({ inputs: model.inputs, outputs: [...outputs, ...weights], name: model.name });
  for (const layer of extended.layers) retain(layer, counts.get(layer));
  const metadata = model.getUserDefinedMetadata();
  if (metadata) extended.setUserDefinedMetadata(metadata);
  return extended;
}

function checkArguments(model: LayersModel, config: InsertAmrConfig): void {
  checkInsertable('insertAmr.model', model);
  const { checkOption, rejectUnknownConfig } = optionChecks((message) => new InsertionError(message));
  checkOption('insertAmr', config, config !== undefined, 'an object with options, at least at');
  rejectUnknownConfig('insertAmr', config, Object.keys(OWN_KEYS));
}

const OWN_KEYS: OwnKeys<InsertAmrConfig> = {
  at: true,
  granularity: true,
  reductionRatio: true,
  temperature: true,
  returnWeights: true,
  seed: true,
};

/**
 * Inserts a reweighter at each place, and layers that restore the masks behind it.
 * @returns `original`: the replaced values' tensors before they are reweighted; `weights`: the reweighters' weights, with
 * `returnWeights`
 */
function insertReweighters(
  stages: readonly (readonly Value[])[],
  { at: _, name, ...options }: InsertAmrConfig,
  rebuilt: RebuiltGraph,
  names: LayerNames,
) {
  const original = new Map<Value, SymbolicTensor>();
  const weights: SymbolicTensor[] = [];
  for (const [p, values] of stages.entries()) {
    const layerName = names.claim(
      name ?? 'reweighter',
      stages.length > 1 ? p + 1 : undefined,
      name !== undefined,
    );
    const seed = options.seed === undefined ? {} : { seed: options.seed + p };
    const before = values.map((value) => rebuilt.tensorOf(value));
    rebuilt.setPending(stages.slice(p + 1).flat());
    const after = new AttentionModalityReweighter({ ...options, ...seed, name: layerName }).apply(before);
    const masked = values.map(mayBeMasked);
    for (const [m, value] of values.entries()) {
      original.set(value, before[m]!);
      rebuilt.replace(value, after[m]!);
      if (!masked.includes(true)) continue;
      const restore = new RestoreMask({ name: names.free(`${layerName}Mask${m + 1}`) });
      const features = masked[m] ? [after[m]!, before[m]!] : after[m]!;
      rebuilt.replace(value, restore.apply(features) as SymbolicTensor);
    }
    if (options.returnWeights) weights.push(after[values.length]!);
  }
  return { original, weights };
}

/** The outputs of the new model, under the names that they have in the old one. */
function outputsOf(
  model: LayersModel,
  graph: ModelGraph,
  tensorOf: (value: Value) => SymbolicTensor,
  names: LayerNames,
): SymbolicTensor[] {
  return graph.outputs.map((value, i) => {
    const tensor = tensorOf(value);
    // A Sequential leaves its own list of names empty until its first prediction.
    const outputName = model.outputs[i]!.sourceLayer.name;
    if (tensor.sourceLayer.name === outputName || tensor === model.outputs[i]) return tensor;
    // The output of a model that was opened: it keeps that model's name.
    const identity = layers.activation({ activation: 'linear', name: names.free(outputName) });
    return identity.apply(tensor) as SymbolicTensor;
  });
}

/** tfjs's reference count of each layer, by which `dispose` decides when to free its weights. */
function referenceCounts(model: LayersModel): Map<object, number> {
  return new Map(placedLayers(model).map(({ layer }) => [layer, countedLayer(layer)._refCount]));
}

/** Sets a shared layer's count so that its weights are freed when both models have been disposed of, in either order. */
function retain(layer: object, before: number | undefined): void {
  // Disposing of a model releases a nested model twice: the nested model counts once as a model and once as a layer.
  if (before !== undefined) {
    countedLayer(layer)._refCount = before + (layer instanceof LayersModel ? 2 : 1);
  }
}

const countedLayer = (layer: object) => layer as { _refCount: number };
