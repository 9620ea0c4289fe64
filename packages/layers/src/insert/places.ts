import { mismatch } from '@amr/internal';
import { InsertionError, LayerError } from '../errors.js';
import { featureShapes } from '../fusion/featureShapes.js';
import type { LayerUse, Value } from './graphValues.js';
import { checkReference, formatReference, type LayerReference } from './layerReference.js';
import { valueDependsOn } from './modelGraph.js';

/**
 * The places of `insertAmr`'s option `at`, each a list of layers, also when it is a single list.
 * @throws {InsertionError} for fewer than two layers in a place, and for what is not a reference
 */
export function placesOf(at: unknown): LayerReference[][] {
  const isNested = Array.isArray(at) && at.length > 0 && at.every((one) => Array.isArray(one));
  const places = (isNested ? at : [at]) as LayerReference[][];
  for (const place of places) {
    const valid =
      Array.isArray(place) &&
      place.length >= 2 &&
      place.every(
        (one) => typeof one === 'string' || typeof (one as { layer?: unknown } | null)?.layer === 'string',
      );
    if (!valid) {
      throw new InsertionError(
        mismatch(
          'insertAmr.at',
          at,
          "the names of two or more layers, one for each branch (['rgbConv', 'skeletonConv']), or a list of such lists",
        ),
      );
    }
    for (const reference of place) checkReference(reference);
  }
  return places;
}

/**
 * Refuses layers of one place that a reweighter can't take together or behind which it would change nothing, and places
 * that are not in the order of the network.
 * @param stages the values that the references of each place stand for
 * @throws {InsertionError}
 */
export function checkPlaces(
  stages: readonly (readonly Value[])[],
  places: readonly (readonly LayerReference[])[],
  uses: readonly LayerUse[],
): void {
  for (const [p, values] of stages.entries()) {
    checkPlace(values, places[p]!, uses);
    for (let q = 0; q < p; q++) {
      if (values.some((value) => stages[q]!.some((earlier) => valueDependsOn(earlier, value)))) {
        throw new InsertionError(
          `insertAmr.at: got [${namesOf(places[p]!)}] behind [${namesOf(places[q]!)}], which depends on it; expected the ` +
            'places from the first layers to the last, each layer once.',
        );
      }
    }
  }
}

/** Whether another layer takes a value. */
export function isFollowed(value: Value, uses: readonly LayerUse[]): boolean {
  return uses.some(({ inputs, opened }) => !opened && inputs.includes(value));
}

function checkPlace(
  values: readonly Value[],
  place: readonly LayerReference[],
  uses: readonly LayerUse[],
): void {
  const fail = (message: string): never => {
    throw new InsertionError(`insertAmr.at: got ${message}`);
  };
  for (const [i, value] of values.entries()) {
    const name = formatReference(place[i]!);
    if (!isFollowed(value, uses)) {
      fail(`${name}, behind which nothing follows; expected a layer on whose output other layers depend.`);
    }
    for (const [j, other] of values.entries()) {
      if (i !== j && valueDependsOn(value, other)) {
        fail(
          `${formatReference(place[j]!)} and ${name}, which lie on one path; expected one layer of each branch, none of ` +
            'which depends on another. Several places on one path are a list of lists.',
        );
      }
    }
    const { dtype } = value.symbol;
    if (dtype !== 'float32') {
      fail(`${name}, whose output is ${dtype}; expected features of float32. Name a layer behind it.`);
    }
  }
  try {
    featureShapes(
      `insertAmr.at, the features of ${namesOf(place)}`,
      values.map(({ symbol }) => symbol.shape),
    );
  } catch (error) {
    if (error instanceof LayerError) throw new InsertionError(error.message);
    throw error;
  }
}

function namesOf(place: readonly LayerReference[]): string {
  return place.map(formatReference).join(', ');
}
