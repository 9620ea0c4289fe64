export type { Attack, AttackStep, PerturbOptions } from './attack';
export { attackConditions } from './attackConditions';
export type { Classifier, FrozenClassifier, Modalities } from './classifier';
export { type ClassifierOfOptions, classifierOf } from './classifierOf';
export type { Constraint } from './constraint';
export { AttackError, AttackInputError, AttackOptionsError, GradientError, ThreatModelError } from './errors';
export { type FgsmOptions, fgsm } from './fgsm';
export type { AttackLoss } from './losses/attackLoss';
export { crossEntropyLoss, logOdds } from './losses/crossEntropy';
export { dlrLoss, targetedDlrLoss } from './losses/dlr';
export { marginLoss } from './losses/margin';
export { type PgdOptions, pgd } from './pgd';
export {
  attackedModalities,
  type Budget,
  isJointBall,
  type JointBall,
  type JointBudget,
  jointBall,
  type NormName,
  type ThreatModel,
} from './threatModel';
