/** Every error of this package is an instance of this class. */
export class AttackError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'AttackError';
  /** Names the kind of error: 'AMR_ATTACK_INPUT', 'AMR_THREAT_MODEL', 'AMR_ATTACK_OPTIONS' or 'AMR_GRADIENT'. */
  readonly code: string = 'AMR_ATTACK';
}

/** Inputs, labels, targets or logits are of a form that an attack can't work on. Raised before the first step. */
export class AttackInputError extends AttackError {
  /** The name of the class. */
  override name = 'AttackInputError';
  /** Names the kind of error. */
  override readonly code = 'AMR_ATTACK_INPUT';
}

/** A budget is not valid, by itself or for the inputs at hand. Raised before the first step. */
export class ThreatModelError extends AttackError {
  /** The name of the class. */
  override name = 'ThreatModelError';
  /** Names the kind of error. */
  override readonly code = 'AMR_THREAT_MODEL';
}

/** An option of an attack, of a loss or of `perturb` is unknown or outside its values. */
export class AttackOptionsError extends AttackError {
  /** The name of the class. */
  override name = 'AttackOptionsError';
  /** Names the kind of error. */
  override readonly code = 'AMR_ATTACK_OPTIONS';
}

/** The loss has a gradient with NaN or infinite entries, so the attack can't trust its steps. */
export class GradientError extends AttackError {
  /** The name of the class. */
  override name = 'GradientError';
  /** Names the kind of error. */
  override readonly code = 'AMR_GRADIENT';
}
