export { type AlternatingOptions, alternating } from './attacks/alternating.js';
export { type ApgdOptions, apgd } from './attacks/apgd/apgd.js';
export {
  type AutoAttack,
  type AutoAttackOptions,
  type AutoAttackProgress,
  type AutoAttackResult,
  type AutoAttackRunOptions,
  autoAttack,
} from './attacks/autoAttack/autoAttack.js';
export type {
  AutoAttackCheckpoint,
  AutoAttackCheckpointStore,
  MemberOutcome,
} from './attacks/autoAttack/autoAttackCheckpoint.js';
export type {
  AutoAttackClassifierInfo,
  AutoAttackMember,
  AutoAttackVersion,
} from './attacks/autoAttack/members.js';
export { type BimOptions, bim } from './attacks/bim.js';
export { type CwOptions, cw } from './attacks/cw/cw.js';
export { type DeepfoolOptions, deepfool } from './attacks/deepfool.js';
export { type FabOptions, fab } from './attacks/fab.js';
export { type FgsmOptions, fgsm } from './attacks/fgsm.js';
export { type FrameDroppingOptions, type Frames, frameDropping } from './attacks/frameDropping.js';
export {
  type GreedySplit,
  type GreedySplitOptions,
  type GreedySplitResult,
  greedySplit,
} from './attacks/greedySplit.js';
export { type MifgsmOptions, mifgsm } from './attacks/mifgsm.js';
export { type Fill, type MissingModalityOptions, missingModality } from './attacks/missingModality.js';
export { type NoiseOptions, noise } from './attacks/noise.js';
export { type PgdOptions, pgd } from './attacks/pgd.js';
export { type SquareOptions, square } from './attacks/square/square.js';
export {
  type WorstCase,
  type WorstCaseOptions,
  type WorstCaseResult,
  worstCase,
} from './attacks/worstCase.js';
export { bpda, type TensorFunction } from './classifier/bpda.js';
export type { Classifier, FrozenClassifier, Modalities, Observation } from './classifier/classifier.js';
export { classifierOf } from './classifier/classifierOf.js';
export type { ClassifierOfOptions } from './classifier/classifierOptions.js';
export type { GraphModelLike, GraphTensorInfo } from './classifier/graphModel/graphModelLike.js';
export { type LogitsOfOptions, logitsOf } from './classifier/layersModel/logitsOf.js';
export { predictedLabels } from './classifier/predictedLabels.js';
export { refuseProbabilities } from './classifier/probabilities.js';
export { type SharingClassifier, sharingBranches } from './classifier/sharingBranches.js';
export { type PreprocessingOptions, withPreprocessing } from './classifier/withPreprocessing.js';
export {
  AttackError,
  AttackInputError,
  AttackOptionsError,
  GradientError,
  type GradientFailure,
  ThreatModelError,
  UnsupportedOperationError,
} from './errors.js';
export type { CheckName, Finding } from './evaluation/checkContext/check.js';
export {
  type CheckEvaluationOptions,
  type CheckProgress,
  cheapCheckNames,
  checkEvaluation,
  checkNames,
} from './evaluation/checkEvaluation.js';
export {
  type MinimalEpsilon,
  type MinimalEpsilonOptions,
  type MinimalEpsilonProgress,
  minimalEpsilon,
} from './evaluation/minimalEpsilon.js';
export {
  type AccuracyCurve,
  type RobustnessCurveOptions,
  type RobustnessCurveProgress,
  robustnessCurve,
} from './evaluation/robustnessCurve.js';
export { type AdaptiveLossOptions, adaptiveLoss } from './losses/adaptiveLoss.js';
export type { AttackLoss, LossFunction, LossInputs, ObservedLoss } from './losses/attackLoss.js';
export { crossEntropyLoss, logOdds } from './losses/crossEntropy.js';
export { dlrLoss, targetedDlrLoss } from './losses/dlr.js';
export { cosineSimilarity } from './losses/features/cosineSimilarity.js';
export { temporalVariation } from './losses/features/temporalVariation.js';
export { gateLogOdds } from './losses/gateLogOdds.js';
export { headLoss } from './losses/headLoss.js';
export { marginLoss } from './losses/margin.js';
export { type ModalityMisalignmentOptions, modalityMisalignment } from './losses/modalityMisalignment.js';
export { sumOfLosses, type WeightedLoss } from './losses/sumOfLosses.js';
export {
  type TemporalFeatures,
  type TemporalInvarianceOptions,
  temporalInvariance,
} from './losses/temporalInvariance.js';
export { type MotionTermOptions, withMotionTerm } from './losses/withMotionTerm.js';
export type { Attack, AttackFactory, AttackStep, PerturbOptions } from './search/attack.js';
export type { Criterion } from './search/criterion.js';
export type { Targets } from './search/targets.js';
export type { SkeletonAxes } from './skeleton/skeletonAxes.js';
export { attackConditions } from './threatModel/attackConditions.js';
export type { Constraint } from './threatModel/constraint.js';
export { type BoneLengthsOptions, boneLengths } from './threatModel/constraints/boneLengths.js';
export {
  type BoundedAccelerationOptions,
  boundedAcceleration,
} from './threatModel/constraints/boundedAcceleration.js';
export {
  type BoundedBoneLengthsOptions,
  boundedBoneLengths,
} from './threatModel/constraints/boundedBoneLengths.js';
export type { BoneOptions } from './threatModel/constraints/kinematicTree.js';
export { type OnlyBoneLengthsOptions, onlyBoneLengths } from './threatModel/constraints/onlyBoneLengths.js';
export { type SameInEachFrameOptions, sameInEachFrame } from './threatModel/constraints/sameInEachFrame.js';
export { jointBall } from './threatModel/jointBall.js';
export { allOf } from './threatModel/masks/allOf.js';
export type { Mask } from './threatModel/masks/maskOn.js';
export { type FrameSpan, onlyFrames } from './threatModel/masks/onlyFrames.js';
export { type MaskAxisOptions, onlyJoints } from './threatModel/masks/onlyJoints.js';
export { onlyPatch, type PatchOptions } from './threatModel/masks/onlyPatch.js';
export { onlyPresent } from './threatModel/masks/onlyPresent.js';
export { scaledThreatModel } from './threatModel/scaledThreatModel.js';
export {
  attackedModalities,
  type Bound,
  type Budget,
  isJointBall,
  type JointBall,
  type JointBudget,
  type NormName,
  type NumberArray,
  type ThreatModel,
} from './threatModel/threatModel.js';
