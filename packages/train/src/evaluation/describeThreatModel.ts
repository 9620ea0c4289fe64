import { type Bound, type Budget, isJointBall, type ThreatModel } from '@amr/attacks';
import { type Dataset, textHash } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { TrainOptionError } from '../errors.js';
import type {
  BoundDescription,
  BudgetDescription,
  ThreatModelDescription,
} from '../report/data/threatModelDescription.js';

/** Tensors with more values than these are described by a hash. */
const MAX_VALUES = 64;

/**
 * A threat model as a report states it.
 * @throws {TrainOptionError} for an epsilon, a range, a scale or a mask with a value for each sample of a batch: the samples
 *   of a data set come in batches that are cut at will
 */
export async function describeThreatModel(
  threatModel: ThreatModel,
  modalities: Dataset['modalities'],
): Promise<ThreatModelDescription> {
  const joint = isJointBall(threatModel);
  const budgets: { [modality: string]: BudgetDescription } = {};
  for (const [modality, budget] of Object.entries(joint ? threatModel.modalities : threatModel)) {
    const { norm, epsilon } = joint ? threatModel : (budget as Budget);
    if (typeof epsilon !== 'number') throw perSample(`threatModel.${modality}.epsilon`);
    const { unit, shape } = modalities[modality]!;
    const { range, stepSize, scale, mask, constraints } = budget;
    const describe = (name: string, bound: Bound) =>
      describeBound(`threatModel.${modality}.${name}`, bound, shape);
    if (typeof mask === 'object') checkNotPerSample(`threatModel.${modality}.mask`, mask, shape);
    budgets[modality] = {
      norm,
      epsilon,
      unit,
      ...(range && { range: [await describe('range[0]', range[0]), await describe('range[1]', range[1])] }),
      ...(stepSize !== undefined && { stepSize }),
      ...(scale !== undefined && { scale: await describe('scale', scale) }),
      ...(mask && { masked: true }),
      ...(constraints?.length && { constraints: constraints.length }),
    };
  }
  return { modalities: Object.keys(budgets), budgets, joint };
}

async function describeBound(
  path: string,
  bound: Bound,
  sample: readonly number[],
): Promise<BoundDescription> {
  if (typeof bound === 'number') return bound;
  checkNotPerSample(path, bound, sample);
  if (!(bound instanceof tf.Tensor)) return bound;
  if (bound.size <= MAX_VALUES) return (await bound.array()) as BoundDescription;
  const text = [...(await bound.data())].join();
  return {
    shape: [...bound.shape],
    hash: [textHash(text), textHash(text, 1)].map((half) => half >>> 0).join('-'),
  };
}

/** @param sample shape of a sample */
function checkNotPerSample(path: string, bound: Bound, sample: readonly number[]): void {
  const shape = shapeOf(bound);
  if (shape.length > sample.length && shape[0] !== 1) throw perSample(path);
}

function shapeOf(bound: Bound): readonly number[] {
  if (typeof bound === 'number') return [];
  return bound instanceof tf.Tensor ? bound.shape : [bound.length, ...shapeOf(bound[0]!)];
}

function perSample(path: string): TrainOptionError {
  return new TrainOptionError(
    `${path}: got a value for each sample; expected one for all samples. Evaluate groups of samples with different ` +
      'limits separately.',
  );
}
