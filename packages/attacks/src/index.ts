export type { Attack, AttackStep, PerturbOptions } from './attack.js';
export { attackConditions } from './attackConditions.js';
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
export type { AttackLoss, ObservedLoss, Seen } from './losses/attackLoss.js';
export { crossEntropyLoss, logOdds } from './losses/crossEntropy.js';
export { dlrLoss, targetedDlrLoss } from './losses/dlr.js';
export { marginLoss } from './losses/margin.js';
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
