import type { Attack, AttackFactory } from '@amr/attacks';
import type * as tf from '@tensorflow/tfjs-core';
import { expectTypeOf, it } from 'vitest';
import type {
  AdversarialTrainerOptions,
  AttackChoice,
  CheckpointError,
  ComparisonOptions,
  Dataset,
  EvaluationOptions,
  EvaluationProgress,
  FitOptions,
  ModelOutputs,
  Objective,
  Progress,
  ReportError,
  RobustnessReport,
  Schedule,
  TrainingProgress,
  Validation,
} from './index.js';
import { type compareReports, cycleAttacks, mergeReports } from './index.js';

it('all forms of an attack are choices', () => {
  expectTypeOf<Attack>().toExtend<AttackChoice>();
  expectTypeOf<readonly Attack[]>().toExtend<AttackChoice>();
  expectTypeOf<
    (context: { epoch: number; random(): number }) => Attack | undefined
  >().toExtend<AttackChoice>();
  expectTypeOf(cycleAttacks).returns.toExtend<AttackChoice>();
  expectTypeOf<AttackFactory>().not.toExtend<AttackChoice>();
});

it('objectives and schedules are plain functions with optional labels', () => {
  expectTypeOf<(outputs: ModelOutputs, labels: tf.Tensor1D) => tf.Scalar>().toExtend<Objective>();
  expectTypeOf<(outputs: ModelOutputs) => tf.Tensor2D>().not.toExtend<Objective>();
  expectTypeOf<(progress: number) => number>().toExtend<Schedule>();
  expectTypeOf<'cross-entropy'>().toExtend<AdversarialTrainerOptions['objective']>();
  expectTypeOf<'mse'>().not.toExtend<AdversarialTrainerOptions['objective']>();
});

it('a validation is a data set, or one with an attack', () => {
  expectTypeOf<FitOptions['validation']>().toEqualTypeOf<Dataset | Validation | undefined>();
});

it('progress is one type, extended', () => {
  expectTypeOf<TrainingProgress>().toExtend<Progress>();
  expectTypeOf<EvaluationProgress>().toExtend<Progress>();
  expectTypeOf<Progress['remaining']>().toEqualTypeOf<number | undefined>();
});

it('a comparison takes one report or several of each model', () => {
  type Reports = Parameters<typeof compareReports>[0];
  expectTypeOf<{ a: RobustnessReport; b: RobustnessReport[] }>().toExtend<Reports>();
  expectTypeOf<{ a: RobustnessReport | undefined }>().not.toExtend<Reports>();
  expectTypeOf(mergeReports).returns.toEqualTypeOf<RobustnessReport>();
  expectTypeOf<ComparisonOptions['baseline']>().toEqualTypeOf<string | undefined>();
});

it('attacks of an evaluation are factories', () => {
  expectTypeOf<NonNullable<EvaluationOptions['attacks']>[string]>().toEqualTypeOf<AttackFactory>();
});

it('errors have codes that tell them apart', () => {
  expectTypeOf<CheckpointError['code']>().toEqualTypeOf<'AMR_CHECKPOINT'>();
  expectTypeOf<ReportError['code']>().toEqualTypeOf<'AMR_REPORT'>();
});
