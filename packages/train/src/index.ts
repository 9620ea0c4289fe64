export type { Batch, BatchOptions, Dataset, ModalityInfo } from '@amr/internal';
export {
  AdversarialTrainer,
  type AdversarialTrainerOptions,
  type FitOptions,
  type FitResult,
} from './adversarialTrainer.js';
export {
  type AttackChoice,
  type AttackContext,
  atRandom,
  type ChooseAttack,
  inTurn,
} from './attackChoice.js';
export { type CheckpointStore, memoryStore } from './checkpointStore.js';
export type { CheckSummary, SummarisedFinding } from './checkSummary.js';
export {
  type ComparedAttack,
  type ComparedFigure,
  type ComparedModel,
  type ComparisonFigure,
  type ComparisonOptions,
  compareReports,
  RobustnessComparison,
} from './compareReports.js';
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
} from './evaluateCurve.js';
export {
  type AttackFactory,
  type EvaluationOptions,
  type EvaluationProgress,
  evaluateRobustness,
} from './evaluateRobustness.js';
export type { EvaluationChecks, ReportChecks } from './evaluationChecks.js';
export { mergeReports } from './mergeReports.js';
export {
  type ModalityWeightsOptions,
  modalityWeightsOf,
  type WeightSums,
  type WeightsOf,
} from './modalityWeights.js';
export {
  type AmrObjectiveOptions,
  amrObjective,
  type CrossEntropyObjectiveOptions,
  crossEntropyObjective,
  type ModelOutputs,
  type Objective,
} from './objective.js';
export { type RestoredWeights, type RestoreOptions, restoreWeights } from './restoreWeights.js';
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
} from './robustnessReport.js';
export { type CosineOptions, constant, cosine, type Schedule } from './schedule.js';
export type { BudgetDescription, ThreatModelDescription } from './threatModelDescription.js';
export type { EpochRecord, TrainingCallbacks, TrainingProgress } from './trainingRecord.js';
export type { WeightDecay } from './trainingStep.js';
export type { Validation } from './validation.js';
export { type Interval, wilson } from './wilson.js';
