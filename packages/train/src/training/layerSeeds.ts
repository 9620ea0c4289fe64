import { mixSeed } from '@amr/internal';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';

/** The random layers of a model. */
export interface RandomLayers {
  /** Gives each dropout layer the seed of a step. The masks depend only on it and the layer's position. */
  seed(...parts: number[]): void;
  /** Restores the seeds that the layers were built with. */
  restore(): void;
  /** Names of random layers that can't be seeded in tfjs. */
  unseeded: string[];
}

interface Seeded {
  seed?: number;
}

/** Classes that take their random numbers from the global generator. */
const UNSEEDED = new Set(['GaussianNoise', 'GaussianDropout', 'AlphaDropout']);

/** Finds the dropout layers of a model, nested models and wrappers included. */
export function randomLayersOf(model: LayersModel): RandomLayers {
  const all = flatten(model.layers);
  const seeded = all.filter((layer) => 'seed' in layer && 'rate' in layer) as unknown as Seeded[];
  const original = seeded.map(({ seed }) => seed);
  const unseeded = all
    .filter((layer) => UNSEEDED.has(layer.getClassName()) || dropsRecurrently(layer))
    .map(({ name }) => name);
  return {
    seed: (...parts) =>
      seeded.forEach((layer, i) => {
        layer.seed = mixSeed(...parts, i);
      }),
    restore: () =>
      seeded.forEach((layer, i) => {
        layer.seed = original[i];
      }),
    unseeded,
  };
}

function flatten(list: readonly layers.Layer[]): layers.Layer[] {
  return list.flatMap((layer) => {
    const {
      layers: nested,
      layer: wrapped,
      forwardLayer,
      backwardLayer,
    } = layer as unknown as {
      [field: string]: unknown;
    };
    const inner = [...(Array.isArray(nested) ? nested : []), wrapped, forwardLayer, backwardLayer];
    return [layer, ...flatten(inner.filter((l): l is layers.Layer => l != null && typeof l === 'object'))];
  });
}

function dropsRecurrently(layer: layers.Layer): boolean {
  const { dropout, recurrentDropout } = layer as unknown as { [field: string]: unknown };
  return [dropout, recurrentDropout].some((rate) => typeof rate === 'number' && rate > 0);
}
