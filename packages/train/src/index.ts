export type { Batch, BatchOptions, Dataset, ModalityInfo, Progress } from '@amr/internal';
export { type CheckpointStore, memoryStore } from './checkpoint/checkpointStore.js';
export { type RestoredWeights, type RestoreOptions, restoreWeights } from './checkpoint/restoreWeights.js';
export {
  CheckpointError,
  type CheckpointProblem,
  DivergenceError,
  ReportError,
  TrainDataError,
  TrainOptionError,
} from './errors.js';
export {
  type CurveCondition,
  type CurveOptions,
  type CurvePoint,
  evaluateCurve,
  type RobustnessCurve,
} from './evaluation/evaluateCurve.js';
export {
  type AttackFactory,
  type EvaluationOptions,
  type EvaluationProgress,
  evaluateRobustness,
} from './evaluation/evaluateRobustness.js';
export type { EvaluationChecks, ReportChecks } from './evaluation/evaluationChecks.js';
export {
  type ModalityWeightsOptions,
  modalityWeightsOf,
  type WeightSums,
  type WeightsOf,
} from './evaluation/modalityWeights.js';
export {
  type ComparedAttack,
  type ComparedFigure,
  type ComparedModel,
  type ComparisonFigure,
  type ComparisonOptions,
  compareReports,
  RobustnessComparison,
} from './report/compareReports.js';
export type { BudgetDescription, ThreatModelDescription } from './report/data/threatModelDescription.js';
export type { CheckSummary, SummarisedFinding } from './report/figures/checkSummary.js';
export { type Interval, wilson } from './report/figures/wilson.js';
export { mergeReports } from './report/mergeReports.js';
export {
  type Accuracy,
  type Improvement,
  type MeanModalityWeights,
  type ReportCondition,
  type ReportConfig,
  type ReportData,
  RobustnessReport,
  type RobustnessReportJson,
  type SampleOutcomes,
  type Shard,
} from './report/robustnessReport.js';
export {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  type FitOptions,
  type FitResult,
} from './training/adversarialTrainer.js';
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
  type ModelOutputs,
  type Objective,
} from './training/objective.js';
export { type CosineOptions, constant, cosine, type Schedule } from './training/schedule.js';
export type { EpochRecord, TrainingCallbacks, TrainingProgress } from './training/trainingRecord.js';
export type { WeightDecay } from './training/trainingStep.js';
export type { Validation } from './training/validation.js';
