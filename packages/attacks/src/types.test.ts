import type * as tf from '@tensorflow/tfjs-core';
import { expectTypeOf, it } from 'vitest';
import {
  type Attack,
  type AttackFactory,
  type AttackLoss,
  attackConditions,
  type Bound,
  type Budget,
  type CheckProgress,
  type Classifier,
  isJointBall,
  type JointBall,
  type JointBudget,
  jointBall,
  type LossInputs,
  type MinimalEpsilonOptions,
  type MinimalEpsilonProgress,
  type Modalities,
  type ObservedLoss,
  type PerturbOptions,
  pgd,
  type RobustnessCurveOptions,
  scaledThreatModel,
  type ThreatModel,
} from './index.js';

it('an attack takes a classifier, inputs, labels and options, and promises inputs', () => {
  expectTypeOf<Attack['perturb']>().parameters.toEqualTypeOf<
    [classifier: Classifier, inputs: Modalities, labels: tf.Tensor, options?: PerturbOptions]
  >();
  expectTypeOf<Attack['perturb']>().returns.resolves.toEqualTypeOf<Modalities>();
  expectTypeOf(pgd).toExtend<AttackFactory>();
  expectTypeOf<AttackFactory>().returns.toEqualTypeOf<Attack>();
});

it('a threat model is budgets by modality or a joint ball, which isJointBall tells apart', () => {
  const threatModel = {} as ThreatModel;
  if (isJointBall(threatModel)) expectTypeOf(threatModel).toEqualTypeOf<JointBall>();
  else expectTypeOf(threatModel).toEqualTypeOf<{ [modality: string]: Budget }>();
  expectTypeOf<{ rgb: { norm: 'linf'; epsilon: number; range: [number, number] } }>().toExtend<ThreatModel>();
  expectTypeOf<{ rgb: { norm: 'l3'; epsilon: number } }>().not.toExtend<ThreatModel>();
  expectTypeOf<{ rgb: { epsilon: number } }>().not.toExtend<ThreatModel>();
  expectTypeOf(jointBall).returns.toEqualTypeOf<JointBall>();
  expectTypeOf(jointBall).parameter(0).toEqualTypeOf<'l2' | 'linf'>();
  expectTypeOf<JointBudget>().toHaveProperty('scale');
  expectTypeOf<JointBudget>().not.toHaveProperty('epsilon');
  expectTypeOf<JointBudget>().not.toHaveProperty('weight');
  expectTypeOf<[number[], tf.Tensor]>().toExtend<NonNullable<Budget['range']>>();
  expectTypeOf<number[][]>().toExtend<Bound>();
  expectTypeOf<string[]>().not.toExtend<Bound>();
  expectTypeOf(attackConditions).returns.toEqualTypeOf<{ [condition: string]: ThreatModel }>();
  expectTypeOf(scaledThreatModel)
    .parameter(1)
    .toEqualTypeOf<number | tf.Tensor1D | { readonly [modality: string]: number | tf.Tensor1D }>();
});

it('all options of perturb are optional', () => {
  expectTypeOf<Record<never, never>>().toExtend<PerturbOptions>();
  expectTypeOf<PerturbOptions['targets']>().toEqualTypeOf<
    tf.Tensor | 'least-likely' | 'random' | undefined
  >();
  expectTypeOf<(outputs: tf.Tensor, labels: tf.Tensor) => tf.Tensor1D>().toExtend<
    PerturbOptions['criterion']
  >();
  expectTypeOf<{ topK: number }>().toExtend<PerturbOptions['criterion']>();
  expectTypeOf<'right'>().not.toExtend<PerturbOptions['criterion']>();
  expectTypeOf<PerturbOptions['seed']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<PerturbOptions['stopWhenFooled']>().toEqualTypeOf<boolean | undefined>();
  expectTypeOf<PerturbOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>();
  expectTypeOf<PerturbOptions>().not.toHaveProperty('steps');
});

it('a loss is a name, a function of logits and labels, or an object that computes one', () => {
  expectTypeOf<AttackLoss>().extract<string>().toEqualTypeOf<'cross-entropy' | 'dlr' | 'cw'>();
  expectTypeOf<(logits: tf.Tensor2D, labels: tf.Tensor1D) => tf.Tensor1D>().toExtend<AttackLoss>();
  expectTypeOf<(logits: tf.Tensor2D) => number>().not.toExtend<AttackLoss>();
  expectTypeOf<ObservedLoss>().toExtend<AttackLoss>();
  expectTypeOf<ObservedLoss['compute']>().parameter(0).toEqualTypeOf<LossInputs>();
  expectTypeOf<ObservedLoss['compute']>().returns.toEqualTypeOf<tf.Tensor1D>();
  expectTypeOf<'hinge'>().not.toExtend<AttackLoss>();
});

it('searches over budgets need a threat model, and report the shared progress', () => {
  expectTypeOf<{ threatModel: ThreatModel }>().toExtend<MinimalEpsilonOptions>();
  expectTypeOf<{ threatModel: ThreatModel }>().toExtend<RobustnessCurveOptions>();
  expectTypeOf<{ attack: AttackFactory }>().not.toExtend<MinimalEpsilonOptions>();
  expectTypeOf<MinimalEpsilonProgress['remaining']>().toEqualTypeOf<number | undefined>();
  expectTypeOf<CheckProgress>().toHaveProperty('finding');
});
