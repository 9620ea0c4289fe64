import { multiplyAdds, parameterCount } from '@amr/encoders';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { TrainingSettings } from '../settings/settings.js';

/** How large a network is. Bytes are those of float32. */
export interface NetworkSize {
  /** Trained parameters. */
  readonly parameters: number;
  /** Multiply-adds of one clip, forward. */
  readonly multiplyAdds: number;
  readonly memory: MemoryNeed;
}

/** Estimates, in bytes. */
interface MemoryNeed {
  /** Weights, moving statistics among them. */
  readonly weights: number;
  /** Gradients of the weights, and what the optimizer keeps. */
  readonly optimizer: number;
  /** The outputs of all layers for a batch, which the backward pass needs, and their gradients. */
  readonly activations: number;
  /** All together. */
  readonly total: number;
}

/** Copies of the weights that an optimizer keeps: Adam two moments, momentum one. */
const COPIES = { adam: 2, sgd: 1 };

/**
 * The memory that a network needs, from its shapes. Layers whose outputs are computed in several operations (normalisations, graph
 * convolutions) hold more for a while, and backends free tensors early: it is an order of magnitude.
 */
export function networkSize(
  model: LayersModel,
  { batchSize, optimizer }: Pick<TrainingSettings, 'batchSize' | 'optimizer'>,
): NetworkSize {
  const parameters = parameterCount(model);
  const weights = 4 * parameterCount(model, { movingStatistics: true });
  const state = 4 * parameters * (1 + COPIES[optimizer.kind]);
  const activations = 2 * 4 * batchSize * valuesOf(model);
  return {
    parameters,
    multiplyAdds: multiplyAdds(model),
    memory: { weights, optimizer: state, activations, total: weights + state + activations },
  };
}

/** Values in the outputs of all layers for one clip. */
function valuesOf(model: LayersModel): number {
  const shapes = Object.values(model.nodesByDepth)
    .flat()
    .flatMap(({ outputShapes }) => {
      const of = outputShapes as (number | null)[] | (number | null)[][];
      return (Array.isArray(of[0]) ? of : [of]) as (number | null)[][];
    });
  return shapes.reduce((sum, shape) => sum + shape.reduce<number>((size, axis) => size * (axis ?? 1), 1), 0);
}
