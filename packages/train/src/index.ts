export type { Batch, BatchOptions, Dataset, ModalityInfo, Progress } from '@amr/internal';
export { type CheckpointStore, memoryStore } from './checkpoint/checkpointStore.js';
export { type RestoredWeights, type RestoreOptions, restoreWeights } from './checkpoint/restoreWeights.js';
export type { EpochRecord } from './checkpoint/trainingPosition.js';
export {
  CheckpointError,
  type CheckpointProblem,
  DivergenceError,
  ReportError,
  TrainDataError,
  TrainOptionError,
} from './errors.js';
export { type CurveOptions, evaluateCurve } from './evaluation/evaluateCurve.js';
export { evaluateRobustness } from './evaluation/evaluateRobustness.js';
export type { EvaluationChecks } from './evaluation/evaluationChecks.js';
export type { EvaluationOptions, EvaluationProgress } from './evaluation/evaluationOptions.js';
export {
  type ModalityWeightsOptions,
  modalityWeightsOf,
  type WeightsOf,
} from './evaluation/modalityWeights.js';
export type { ModelOutputs } from './model/modelOutputs.js';
export { compareReports } from './report/compareReports.js';
export type { ComparisonFigure, ComparisonOptions } from './report/data/comparisonOptions.js';
export type {
  Accuracy,
  Improvement,
  Interval,
  MeanModalityWeights,
  ReportChecks,
  ReportCondition,
  ReportConfig,
  ReportData,
  SampleOutcomes,
  Shard,
  WeightSums,
} from './report/data/reportData.js';
export type { CurveCondition, CurvePoint, RobustnessCurve } from './report/data/robustnessCurve.js';
export type {
  BoundDescription,
  BudgetDescription,
  ThreatModelDescription,
} from './report/data/threatModelDescription.js';
export type { CheckSummary, SummarisedFinding } from './report/figures/checkSummary.js';
export type { ComparedAttack, ComparedFigure, ComparedModel } from './report/figures/comparison.js';
export { wilson } from './report/figures/wilson.js';
export { type MergeOptions, mergeReports } from './report/mergeReports.js';
export { RobustnessComparison } from './report/robustnessComparison.js';
export {
  type ReportPageOptions,
  RobustnessReport,
  type RobustnessReportJson,
} from './report/robustnessReport.js';
export { AdversarialTrainer } from './training/adversarialTrainer.js';
export {
  type AttackChoice,
  type AttackContext,
  type ChooseAttack,
  cycleAttacks,
  sampleAttacks,
} from './training/attackChoice.js';
export {
  type AmrObjectiveOptions,
  amrObjective,
  type CrossEntropyObjectiveOptions,
  crossEntropyObjective,
  type Objective,
} from './training/objective.js';
export { type CosineOptions, constant, cosine, type Schedule } from './training/schedule.js';
export type { AdversarialTrainerOptions, FitOptions, FitResult } from './training/trainerOptions.js';
export type { TrainingCallbacks, TrainingProgress } from './training/trainingProgress.js';
export type { WeightDecay } from './training/trainingStep.js';
export type { Validation } from './training/validation.js';
