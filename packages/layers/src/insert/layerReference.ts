import { editDistance, optionChecks } from '@amr/internal';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { InsertionError } from '../errors.js';
import type { Layer, LayerUse, Value } from './graphValues.js';
import { type ModelGraph, modelGraphOf, type PlacedLayer, placedLayers } from './modelGraph.js';

/**
 * A layer of a model: its name, or its name with which of several outputs and uses is meant. Layers in nested models are
 * named by their path, `'rgbBranch/conv3'`; the last part suffices when no other layer has it.
 */
export type LayerReference =
  | string
  | {
      /** Name or path of the layer. */
      layer: string;
      /** Index of the output, from 0. Required only for a layer with several outputs, such as an LSTM that returns its states. */
      output?: number;
      /** Index of the use, from 0, in the order in which they were built. Required only for a shared layer. */
      use?: number;
    };

/**
 * The values that the references of each place stand for, in the model's graph with the nested models around them opened.
 * @throws {InsertionError} when a reference stands for no layer or for several values
 */
export function resolveReferences(
  model: LayersModel,
  places: readonly (readonly LayerReference[])[],
): { graph: ModelGraph; stages: Value[][] } {
  const all = placedLayers(model);
  const found = places.map((place) => place.map((reference) => layerOf(reference, all)));
  const named = new Set(found.flat().map(({ layer }) => layer));
  const opened = new Set(all.filter(({ layer }) => named.has(layer)).flatMap(({ around }) => around));
  const graph = modelGraphOf(model, opened);
  const stages = places.map((place, p) =>
    place.map((reference, i) => valueMeant(reference, found[p]![i]!, graph)),
  );
  return { graph, stages };
}

/**
 * Refuses keys that a reference doesn't have.
 * @throws {InsertionError}
 */
export function checkReference(reference: LayerReference): void {
  if (typeof reference === 'string') return;
  const { rejectUnknownOptions } = optionChecks((message) => new InsertionError(message));
  // An insertion point says type and shape as well.
  rejectUnknownOptions('insertAmr.at', reference, ['layer', 'output', 'use', 'type', 'shape']);
}

/** How a message shows a reference. */
export function formatReference(reference: LayerReference): string {
  return typeof reference === 'string'
    ? `'${reference}'`
    : JSON.stringify(reference, ['layer', 'output', 'use']);
}

function layerOf(reference: LayerReference, all: readonly PlacedLayer[]): PlacedLayer {
  const name = typeof reference === 'string' ? reference : reference.layer;
  const exact = all.find(({ path }) => path === name);
  if (exact) return exact;
  const ending = all.filter(({ path }) => path.endsWith(`/${name}`));
  const [first] = ending;
  if (!first) {
    throw new InsertionError(
      `insertAmr.at: got '${name}', which is no layer of the model; expected a name or a path, perhaps ${nearestPaths(name, all)}.`,
    );
  }
  if (ending.some(({ layer }) => layer !== first.layer)) {
    throw new InsertionError(
      `insertAmr.at: got '${name}', the name of several layers; expected one of ${ending.map(({ path }) => `'${path}'`).join(', ')}.`,
    );
  }
  return first;
}

function valueMeant(reference: LayerReference, { layer, path }: PlacedLayer, graph: ModelGraph): Value {
  const { output, use }: { output?: number; use?: number } = typeof reference === 'string' ? {} : reference;
  const fail = (message: string): never => {
    throw new InsertionError(`insertAmr.at: got ${formatReference(reference)}, ${message}`);
  };
  const uses = usesOf(layer, graph);
  if (uses.length === 0) {
    fail('on which no output of the model depends; expected a layer on which an output depends.');
  }
  const useIndex = uses.length === 1 ? (use ?? 0) : use;
  const chosen = useIndex === undefined ? undefined : uses[useIndex];
  if (!chosen) {
    const list = uses.map(
      ({ inputs }, i) => `${i}, behind ${inputs.map((one) => `'${one.use.path}'`).join(' and ')}`,
    );
    return fail(
      `a layer with ${uses.length} use(s); expected the index of one, { layer: '${path}', use: 0 }: ${list.join('; ')}.`,
    );
  }
  const count = chosen.outputs.length;
  const position = count === 1 ? (output ?? 0) : output;
  if (position === undefined || !(Number.isInteger(position) && position >= 0 && position < count)) {
    fail(
      `a layer with ${count} output(s); expected the index of one, from 0: { layer: '${path}', output: 0 }.`,
    );
  }
  const value = chosen.outputs[position!];
  return (
    value ??
    fail('on which no output of the model depends; expected an output on which one of the model depends.')
  );
}

/** All uses of a layer, in the order in which they were built. */
export function usesOf(layer: Layer, { uses }: ModelGraph): LayerUse[] {
  return uses
    .filter((use) => use.layer === layer)
    .sort((a, b) => {
      const differing = a.order.findIndex((one, i) => one !== b.order[i]);
      return differing < 0 ? 0 : a.order[differing]! - b.order[differing]!;
    });
}

/** The three nearest paths by edit distance, of the path or of its last part. Upper and lower case count as the same. */
function nearestPaths(name: string, all: readonly PlacedLayer[]): string {
  const distanceTo = (text: string) => editDistance(name.toLowerCase(), text.toLowerCase());
  const distance = (path: string) =>
    Math.min(distanceTo(path), distanceTo(path.slice(path.lastIndexOf('/') + 1)));
  const paths = [...new Set(all.map(({ path }) => path))];
  return paths
    .map((path) => ({ path, distance: distance(path) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ path }) => `'${path}'`)
    .join(', ');
}
