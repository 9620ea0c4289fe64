export { type AlternatingOptions, alternating } from './alternating.js';
export { type ApgdOptions, apgd } from './apgd.js';
export type { Attack, AttackStep, PerturbOptions } from './attack.js';
export { attackConditions } from './attackConditions.js';
export {
  type AutoAttack,
  type AutoAttackOptions,
  type AutoAttackResult,
  type AutoAttackRunOptions,
  autoAttack,
} from './autoAttack.js';
export type { AutoAttackFacts, AutoAttackMember, AutoAttackVersion } from './autoAttackMembers.js';
export type { AutoAttackProgress, AutoAttackProgressStore, MemberOutcome } from './autoAttackProgress.js';
export { type BimOptions, bim } from './bim.js';
export { bpda, type TensorFunction } from './bpda.js';
export {
  type CheckEvaluationOptions,
  type CheckProgress,
  checkEvaluation,
  checkNames,
} from './checkEvaluation.js';
export type { CheckName, Finding } from './checks/check.js';
export type { Classifier, FrozenClassifier, Modalities, Observation } from './classifier.js';
export { type ClassifierOfOptions, classifierOf } from './classifierOf.js';
export type { Constraint } from './constraint.js';
export { type BoneLengthsOptions, boneLengths } from './constraints/boneLengths.js';
export {
  type BoundedAccelerationOptions,
  boundedAcceleration,
} from './constraints/boundedAcceleration.js';
export { type BoundedBoneLengthsOptions, boundedBoneLengths } from './constraints/boundedBoneLengths.js';
export type { BoneOptions } from './constraints/kinematicTree.js';
export { type OnlyBoneLengthsOptions, onlyBoneLengths } from './constraints/onlyBoneLengths.js';
export { type SameInEachFrameOptions, sameInEachFrame } from './constraints/sameInEachFrame.js';
export type { SkeletonAxes } from './constraints/skeletonAxes.js';
export { type CwOptions, cw } from './cw.js';
export { type DeepfoolOptions, deepfool } from './deepfool.js';
export {
  AttackError,
  AttackInputError,
  AttackOptionsError,
  GradientError,
  ThreatModelError,
} from './errors.js';
export { type FabOptions, fab } from './fab.js';
export { type FgsmOptions, fgsm } from './fgsm.js';
export { type FrameDroppingOptions, type Frames, frameDropping } from './frameDropping.js';
export {
  type GreedySplit,
  type GreedySplitOptions,
  type GreedySplitResult,
  greedySplit,
} from './greedySplit.js';
export { type AdaptiveLossOptions, adaptiveLoss } from './losses/adaptiveLoss.js';
export type { AttackLoss, ObservedLoss, Seen } from './losses/attackLoss.js';
export { cosineSimilarity } from './losses/cosineSimilarity.js';
export { crossEntropyLoss, logOdds } from './losses/crossEntropy.js';
export { dlrLoss, targetedDlrLoss } from './losses/dlr.js';
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
export { temporalVariation } from './losses/temporalVariation.js';
export { type MotionTermOptions, withMotionTerm } from './losses/withMotionTerm.js';
export { allOf } from './masks/allOf.js';
export type { Mask } from './masks/maskOn.js';
export { type FrameSpan, onlyFrames } from './masks/onlyFrames.js';
export { type MaskAxisOptions, onlyJoints } from './masks/onlyJoints.js';
export { onlyPatch, type PatchOptions } from './masks/onlyPatch.js';
export { onlyPresent } from './masks/onlyPresent.js';
export { type MifgsmOptions, mifgsm } from './mifgsm.js';
export {
  type MinimalEpsilon,
  type MinimalEpsilonOptions,
  type MinimalEpsilonProgress,
  minimalEpsilon,
} from './minimalEpsilon.js';
export { type Fill, type MissingModalityOptions, missingModality } from './missingModality.js';
export { type NoiseOptions, noise } from './noise.js';
export { type PgdOptions, pgd } from './pgd.js';
export {
  type AccuracyCurve,
  type RobustnessCurveOptions,
  type RobustnessCurveProgress,
  robustnessCurve,
} from './robustnessCurve.js';
export { type SharingClassifier, sharingBranches } from './sharingBranches.js';
export { type SquareOptions, square } from './square.js';
export {
  attackedModalities,
  type Budget,
  isJointBall,
  type JointBall,
  type JointBudget,
  jointBall,
  type NormName,
  scaledThreatModel,
  type ThreatModel,
} from './threatModel.js';
export { type PreprocessingOptions, withPreprocessing } from './withPreprocessing.js';
export { type WorstCase, type WorstCaseOptions, type WorstCaseResult, worstCase } from './worstCase.js';
