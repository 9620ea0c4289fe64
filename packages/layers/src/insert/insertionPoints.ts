import type { LayersModel, Shape } from '@tensorflow/tfjs-layers';
import { InsertionError } from '../errors.js';
import { checkInsertable } from './checkInsertable.js';
import type { Layer, LayerUse, Value } from './graphValues.js';
import { LayerNames } from './layerNames.js';
import { usesOf } from './layerReference.js';
import { type ModelGraph, modelGraphOf, placedLayers } from './modelGraph.js';
import { isFollowed } from './places.js';

/** A layer behind which `insertAmr` can insert a reweighter. It is a reference to the layer, for the option `at`. */
export interface InsertionPoint {
  /** Path of the layer: its name, behind the names of the models around it. */
  readonly layer: string;
  /** Index of the output, for a layer with several. */
  readonly output?: number;
  /** Index of the use, for a shared layer. */
  readonly use?: number;
  /** Class of the layer, as in 'Conv2D'. */
  readonly type: string;
  /** Shape of its output, [null, ..., channels]. */
  readonly shape: Shape;
}

/**
 * The layers behind which {@link insertAmr} can insert a reweighter, for each input of the model: all that depend on that
 * input alone, from the first to the last. The features of each are float32, [batch, ..., channels] with a known number of
 * channels, and other layers follow. Nested models are opened, except those whose layers would get names that others have.
 *
 * A point of each branch, in any order, makes a place for `insertAmr`. Layers behind the fusion of the branches belong to
 * no branch and are not listed. A model with one input has one list, also when it splits into branches later.
 * @param model a LayersModel or Sequential, built or loaded
 * @returns the points by the name of the input; an empty list for an input of integers with no float features behind it
 * @throws {InsertionError} when it is not a LayersModel or is not built
 * @example
 * ```ts
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { insertAmr, insertionPoints } from '@amr/layers';
 *
 * const video = input({ shape: [8, 8, 3], name: 'video' });
 * const skeleton = input({ shape: [25, 3], name: 'skeleton' });
 * const conv = layers.conv2d({ filters: 4, kernelSize: 3, name: 'conv' }).apply(video);
 * const pixels = layers.globalAveragePooling2d({ name: 'pixels' }).apply(conv);
 * const joints = layers.globalAveragePooling1d({ name: 'joints' }).apply(skeleton);
 * const joined = layers.concatenate().apply([pixels, joints] as SymbolicTensor[]);
 * const logits = layers.dense({ units: 3 }).apply(joined) as SymbolicTensor;
 * const theirs = model({ inputs: [video, skeleton], outputs: logits });
 *
 * const points = insertionPoints(theirs);
 * console.log(points.video!.map(({ layer, shape }) => `${layer} ${shape}`)); // video, conv and pixels
 * // Behind the last layer of each branch:
 * const ours = insertAmr(theirs, { at: Object.values(points).map((branch) => branch.at(-1)!) });
 * console.log(ours.layers.some(({ name }) => name === 'reweighter')); // true
 * ```
 */
export function insertionPoints(model: LayersModel): { [input: string]: InsertionPoint[] } {
  checkInsertable('insertionPoints.model', model);
  const graph = openedGraph(model);
  const paths = new Map<Layer, string>();
  for (const { layer, path } of placedLayers(model)) if (!paths.has(layer)) paths.set(layer, path);

  const branches = model.inputs.map((symbol): InsertionPoint[] => {
    const input = graph.uses.find((use) => use.outputs[0]?.symbol === symbol);
    if (!input) return [];
    const own = valuesOfBranch(input, graph.uses);
    return own
      .filter((value) => takesReweighter(value, graph.uses))
      .map((value) => pointOf(value, graph, paths));
  });
  return Object.fromEntries(model.inputs.map(({ sourceLayer }, i) => [sourceLayer.name, branches[i]!]));
}

/** The graph with as many nested models opened as can be without two layers of the same name. */
function openedGraph(model: LayersModel): ModelGraph {
  const opened = new Set<Layer>();
  let graph = modelGraphOf(model, opened);
  for (const { around } of placedLayers(model)) {
    const more = around.filter((layer) => !opened.has(layer));
    if (more.length === 0) continue;
    const larger = modelGraphOf(model, new Set([...opened, ...more]));
    try {
      new LayerNames(larger.uses);
    } catch (error) {
      if (error instanceof InsertionError) continue;
      throw error;
    }
    for (const layer of more) opened.add(layer);
    graph = larger;
  }
  return graph;
}

/** The values that depend on one input and on no other, in the order of the network. */
function valuesOfBranch(input: LayerUse, uses: readonly LayerUse[]): Value[] {
  const own = new Set<Value>();
  for (const use of uses) {
    if (use !== input && (use.inputs.length === 0 || !use.inputs.every((value) => own.has(value)))) continue;
    for (const value of use.outputs) if (value && value.use === use) own.add(value);
  }
  return [...own];
}

function takesReweighter(value: Value, uses: readonly LayerUse[]): boolean {
  const { shape, dtype } = value.symbol;
  const isInput = value.use.inputs.length === 0;
  const channels = shape.at(-1);
  return (
    // Layers that opening a model adds have no node, and no name in the model.
    (isInput || value.use.node !== undefined) &&
    dtype === 'float32' &&
    shape.length >= 2 &&
    channels !== null &&
    channels! > 0 &&
    isFollowed(value, uses)
  );
}

function pointOf(
  { symbol, use }: Value,
  graph: ModelGraph,
  paths: ReadonlyMap<Layer, string>,
): InsertionPoint {
  const uses = usesOf(use.layer, graph);
  return {
    layer: paths.get(use.layer)!,
    ...(use.outputs.length > 1 && { output: use.outputs.findIndex((one) => one?.symbol === symbol) }),
    ...(uses.length > 1 && { use: uses.indexOf(use) }),
    type: use.layer.getClassName(),
    shape: symbol.shape,
  };
}
