import { LayersModel, layers, model as modelOf, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { InsertionError } from '../errors.js';
import {
  AttentionModalityReweighter,
  type AttentionModalityReweighterConfig,
} from '../fusion/attentionModalityReweighter.js';
import { featureShapes } from '../fusion/featureShapes.js';
import type { LayerUse, Value } from './graphValues.js';
import { layerNames } from './layerNames.js';
import { type LayerReference, resolved } from './layerReference.js';
import { inheritedMasks, mayBeMasked } from './masking.js';
import { placedLayers, valueDependsOn } from './modelGraph.js';
import { RestoreMask } from './restoreMask.js';
import { applyAgain } from './rewire.js';

/** What {@link insertAmr} can be told: where, and the options of the reweighter. */
export interface InsertAmrConfig extends AttentionModalityReweighterConfig {
  /**
   * Behind which layers: one for each branch, in the order in which the reweighter is to take them. Or a list of such
   * lists, for several reweighters, from the first layers to the last.
   */
  at: readonly LayerReference[] | readonly (readonly LayerReference[])[];
  /** Name of the reweighter's layer; with several places a number, from 1, is put behind it. Default `'reweighter'`. */
  name?: string;
}

/**
 * Plugs an {@link AttentionModalityReweighter} into a model that exists, whoever built it and however it was loaded. Its
 * predictions stay the same to the last bit until it is trained. All that follows the named layers sees their
 * reweighted outputs. Inputs, outputs and their names and order are the model's own; an output of the model that is
 * itself the output of a named layer stays as it is, not reweighted.
 *
 * The new model shares its layers and weights with the old one: training one trains both, and the old one stays usable,
 * without the reweighter. For a model with weights of its own insert into a copy, from `model.save` and
 * `loadLayersModel`. Either can be disposed of; the weights that they share go with the second. The new model isn't
 * compiled.
 *
 * A branch may be any part of the graph: layers, recurrent layers, Sequential or functional models nested to any depth,
 * shared ones too. A nested model that holds a named layer is opened: in the new model its layers stand in its
 * place, under their own names (a layer without weights whose name is taken gets its path as its name). Masks travel on
 * each in its own branch, by way of {@link RestoreMask} layers, which are added where there are masks; a recurrent layer to
 * which tfjs hands the mask of another branch, because that runs first, goes on getting it, unless the mask starts behind
 * the reweighter and the layer stands in front. With `returnWeights` the weights of each reweighter come behind the
 * model's outputs. With `seed` the places draw from `seed`, `seed + 1`, ... A saved model loads after
 * `import '@amr/layers'`.
 *
 * @param model a LayersModel with two or more branches, all features [batch, ..., channels]
 * @throws {InsertionError} when a layer doesn't exist (the nearest names are listed), stands for several tensors, or
 *   nothing follows it; when the layers of one place lie on one path, places are out of order, or the features don't
 *   fit together: unknown channels, mixed batch sizes, integers, fewer than two
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, sequential, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { insertAmr } from '@amr/layers';
 *
 * // Anybody's model: a nested branch for the video, a layer for the skeleton.
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
  const { at, name, ...options } = config;
  if (!(model instanceof LayersModel)) {
    throw new InsertionError(
      `insertAmr: got ${Object.prototype.toString.call(model)}; expected a LayersModel, as tf.model() or ` +
        'loadLayersModel() of this copy of @tensorflow/tfjs-layers gives. A GraphModel has no layers to plug in behind.',
    );
  }
  const places = placesOf(at);
  const { graph, stages } = resolved(model, places);
  const named = (p: number) => places[p]!.map(shown).join(', ');
  for (const [p, values] of stages.entries()) {
    checkPlace(values, places[p]!, graph.uses);
    for (let q = 0; q < p; q++) {
      if (values.some((value) => stages[q]!.some((earlier) => valueDependsOn(earlier, value)))) {
        throw new InsertionError(
          `insertAmr: got [${named(p)}] behind [${named(q)}] in at, which needs it; expected the places from the first ` +
            'layers to the last, each layer once.',
        );
      }
    }
  }

  const holders = holdersOf(model);
  const { layerFor, free, claim } = layerNames(graph.uses);
  const foreign = inheritedMasks(graph.outputs);
  const now = new Map<Value, SymbolicTensor>();
  const follow = (value: Value): SymbolicTensor => {
    const known = now.get(value);
    if (known) return known;
    const { node, inputs, outputs, layer } = value.use;
    if (inputs.length === 0) return value.symbol;
    const after = inputs.map(follow);
    if (foreign.has(value.use)) {
      const mask = new RestoreMask({ name: free(`${layer.name}Mask`) });
      const other = otherMask(foreign.get(value.use));
      after[0] = mask.apply(other ? [after[0]!, other] : after[0]!) as SymbolicTensor;
    }
    const same = node && after.every((one, i) => one === node.inputTensors[i]);
    const again = () => applyAgain(layerFor(layer), after, node?.callArgs);
    const tensors = same ? node.outputTensors : again();
    for (const [i, output] of outputs.entries()) now.set(output!, tensors[i]!);
    return now.get(value)!;
  };

  /** What has the mask of a value, unless that comes from behind a place that is still to come. */
  const otherMask = (value: Value | undefined): SymbolicTensor | undefined => {
    const late = value && pending.some((one) => one !== value && valueDependsOn(value, one));
    return value && !late ? follow(value) : undefined;
  };

  let pending = stages.flat();
  const untouched = new Map<Value, SymbolicTensor>();
  const weights: SymbolicTensor[] = [];
  for (const [p, values] of stages.entries()) {
    const layerName = claim(name ?? 'reweighter', places.length > 1 ? p + 1 : undefined, name !== undefined);
    const seed = options.seed === undefined ? {} : { seed: options.seed + p };
    const before = values.map(follow);
    pending = stages.slice(p + 1).flat();
    const after = new AttentionModalityReweighter({ ...options, ...seed, name: layerName }).apply(before);
    const masked = values.map(mayBeMasked);
    for (const [m, value] of values.entries()) {
      untouched.set(value, before[m]!);
      now.set(value, after[m]!);
      if (!masked.includes(true)) continue;
      const mask = new RestoreMask({ name: free(`${layerName}Mask${m + 1}`) });
      now.set(value, mask.apply(masked[m] ? [after[m]!, before[m]!] : after[m]!) as SymbolicTensor);
    }
    if (options.returnWeights) weights.push(after[values.length]!);
  }

  const outputs = graph.outputs.map((value, i) => {
    const tensor = untouched.get(value) ?? follow(value);
    const outputName = model.outputNames[i]!;
    if (tensor.sourceLayer.name === outputName || tensor === model.outputs[i]) return tensor;
    // The output of a model that was opened: it keeps the model's name.
    return layers
      .activation({ activation: 'linear', name: free(outputName) })
      .apply(tensor) as SymbolicTensor;
  });
  const plugged = modelOf({ inputs: model.inputs, outputs: [...outputs, ...weights], name: model.name });
  for (const layer of plugged.layers) hold(layer, holders.get(layer));
  const metadata = model.getUserDefinedMetadata();
  if (metadata) plugged.setUserDefinedMetadata(metadata);
  return plugged;
}

function placesOf(at: InsertAmrConfig['at']): LayerReference[][] {
  const nested = Array.isArray(at) && at.length > 0 && at.every((one) => Array.isArray(one));
  const places = (nested ? at : [at]) as LayerReference[][];
  for (const place of places) {
    const valid =
      Array.isArray(place) &&
      place.every(
        (one) => typeof one === 'string' || typeof (one as { layer?: unknown } | null)?.layer === 'string',
      );
    if (!valid || place.length < 2) {
      throw new InsertionError(
        `insertAmr: got at ${JSON.stringify(at)}; expected the names of two or more layers, one for each branch ` +
          "(['rgbConv', 'skeletonConv']), or a list of such lists.",
      );
    }
  }
  return places;
}

/** Refuses layers that a reweighter can't take together, or that it would change nothing behind. */
function checkPlace(
  values: readonly Value[],
  place: readonly LayerReference[],
  uses: readonly LayerUse[],
): void {
  const fail = (message: string): never => {
    throw new InsertionError(`insertAmr: ${message}`);
  };
  for (const [i, value] of values.entries()) {
    if (!uses.some(({ inputs, opened }) => !opened && inputs.includes(value))) {
      fail(
        `got ${shown(place[i]!)}, behind which nothing follows; expected a layer that goes on to an output.`,
      );
    }
    for (const [j, other] of values.entries()) {
      if (i !== j && valueDependsOn(value, other)) {
        fail(
          `got ${shown(place[j]!)} and ${shown(place[i]!)}, which lie on one path; expected one layer of each branch, none ` +
            'of which needs another. Several places on one path are a list of lists.',
        );
      }
    }
    const { dtype } = value.symbol;
    if (dtype !== 'float32') {
      fail(
        `got ${shown(place[i]!)}, which gives ${dtype}; expected features of float32: name a layer behind it.`,
      );
    }
  }
  try {
    featureShapes(
      place.map(shown).join(', '),
      values.map(({ symbol }) => symbol.shape),
    );
  } catch (error) {
    fail(`behind ${(error as Error).message}`);
  }
}

function shown(reference: LayerReference): string {
  return typeof reference === 'string' ? `'${reference}'` : JSON.stringify(reference);
}

/** How many models and applications hold each layer, as tfjs counts to know when to free its weights. */
function holdersOf(model: LayersModel): Map<object, number> {
  return new Map(placedLayers(model).map(({ layer }) => [layer, counted(layer)._refCount]));
}

/** Has a shared layer freed when both models have been disposed of, in either order. */
function hold(layer: object, before: number | undefined): void {
  // A model lets go of a nested model twice: it counts once for being made, once for being applied.
  if (before !== undefined) counted(layer)._refCount = before + (layer instanceof LayersModel ? 2 : 1);
}

const counted = (layer: object) => layer as { _refCount: number };
