import type { LayersModel } from '@tensorflow/tfjs-layers';
import { InsertionError } from '../errors.js';
import type { Layer, LayerUse, Value } from './graphValues.js';
import { type ModelGraph, modelGraphOf, type PlacedLayer, placedLayers } from './modelGraph.js';

/**
 * A place in a model, behind a layer: its name, or its name with which of several outputs and uses is meant. Layers in
 * nested models are named by their path, `'rgbBranch/conv3'`; the last part will do when no other layer has it.
 */
export type LayerReference =
  | string
  | {
      /** Name or path of the layer. */
      layer: string;
      /** Which of its outputs, from 0. Only a layer with several, such as an LSTM that returns its states, needs it. */
      output?: number;
      /** Which of its uses, from 0, in the order in which they were built. Only a layer that is shared needs it. */
      use?: number;
    };

/** The values that the references of each place mean, in the model's graph with the nested models around them opened. */
export function resolved(
  model: LayersModel,
  places: readonly (readonly LayerReference[])[],
): { graph: ModelGraph; stages: Value[][] } {
  const all = placedLayers(model);
  const found = places.map((place) => place.map((reference) => layerOf(reference, all)));
  const meant = new Set(found.flat().map(({ layer }) => layer));
  const opened = new Set(all.filter(({ layer }) => meant.has(layer)).flatMap(({ around }) => around));
  const graph = modelGraphOf(model, opened);
  const stages = places.map((place, p) =>
    place.map((reference, i) => valueMeant(reference, found[p]![i]!, graph)),
  );
  return { graph, stages };
}

function layerOf(reference: LayerReference, all: readonly PlacedLayer[]): PlacedLayer {
  const name = typeof reference === 'string' ? reference : reference.layer;
  const exact = all.find(({ path }) => path === name);
  if (exact) return exact;
  const ending = all.filter(({ path }) => path.endsWith(`/${name}`));
  const [first] = ending;
  if (!first) {
    throw new InsertionError(
      `insertAmr: got '${name}', which is no layer of the model; expected a name or a path, perhaps ${nearest(name, all)}.`,
    );
  }
  if (ending.some(({ layer }) => layer !== first.layer)) {
    throw new InsertionError(
      `insertAmr: got '${name}', which several layers are called; expected one of ${ending.map(({ path }) => `'${path}'`).join(', ')}.`,
    );
  }
  return first;
}

function valueMeant(reference: LayerReference, { layer, path }: PlacedLayer, graph: ModelGraph): Value {
  const { output, use }: { output?: number; use?: number } = typeof reference === 'string' ? {} : reference;
  const fail = (message: string): never => {
    throw new InsertionError(`insertAmr: got ${JSON.stringify(reference)}, ${message}`);
  };
  const uses = usesOf(layer, graph);
  if (uses.length === 0)
    fail('which no output of the model depends on; expected a layer that one depends on.');
  const which = uses.length === 1 ? (use ?? 0) : use;
  const chosen = which === undefined ? undefined : uses[which];
  if (!chosen) {
    const taken = uses.map(
      ({ inputs }, i) => `${i}, behind ${inputs.map((one) => `'${one.use.path}'`).join(' and ')}`,
    );
    return fail(
      `a layer with ${uses.length} use(s); expected one of them, { layer: '${path}', use: 0 }: ${taken.join('; ')}.`,
    );
  }
  const count = chosen.outputs.length;
  const position = count === 1 ? (output ?? 0) : output;
  if (position === undefined || !(Number.isInteger(position) && position >= 0 && position < count)) {
    fail(`a layer with ${count} output(s); expected which of them, from 0: { layer: '${path}', output: 0 }.`);
  }
  const value = chosen.outputs[position!];
  return value ?? fail('which no output of the model depends on; expected an output that one depends on.');
}

/** All uses of a layer, in the order in which they were built. */
function usesOf(layer: Layer, { uses }: ModelGraph): LayerUse[] {
  return uses
    .filter((use) => use.layer === layer)
    .sort((a, b) => {
      const differing = a.order.findIndex((one, i) => one !== b.order[i]);
      return differing < 0 ? 0 : a.order[differing]! - b.order[differing]!;
    });
}

/** The names that need the fewest changes, by path or by its last part, as a list. */
function nearest(name: string, all: readonly PlacedLayer[]): string {
  const distance = (path: string) =>
    Math.min(edits(name, path), edits(name, path.slice(path.lastIndexOf('/') + 1)));
  const paths = [...new Set(all.map(({ path }) => path))];
  return paths
    .map((path) => ({ path, distance: distance(path) }))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ path }) => `'${path}'`)
    .join(', ');
}

/** Levenshtein's distance, upper and lower case being the same. */
function edits(from: string, to: string): number {
  const [a, b] = [from.toLowerCase(), to.toLowerCase()];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, change));
    }
    row = next;
  }
  return row[b.length]!;
}
