export { type AlternatingOptions, alternating } from './alternating.js';
export { type ApgdOptions, apgd } from './apgd.js';
export type { Attack, AttackStep, PerturbOptions } from './attack.js';
export { attackConditions } from './attackConditions.js';
export { bpda, type TensorFunction } from './bpda.js';
export type { Classifier, FrozenClassifier, Modalities, Observation } from './classifier.js';
export { type ClassifierOfOptions, classifierOf } from './classifierOf.js';
export type { Constraint } from './constraint.js';
export {
  AttackError,
  AttackInputError,
  AttackOptionsError,
  GradientError,
  ThreatModelError,
} from './errors.js';
export { type FgsmOptions, fgsm } from './fgsm.js';
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
export { type PgdOptions, pgd } from './pgd.js';
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
