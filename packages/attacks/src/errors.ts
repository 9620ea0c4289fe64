import { formatValue } from '@amr/internal';

/** Every error of this package is an instance of this class. */
export class AttackError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'AttackError';
  /** Names the kind of error: 'AMR_ATTACK_INPUT', 'AMR_THREAT_MODEL', 'AMR_ATTACK_OPTIONS', 'AMR_GRADIENT' or 'AMR_UNSUPPORTED_OPERATION'. */
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

/** Where a gradient is not finite. */
export interface GradientFailure {
  /** Indices in the batch of the samples whose gradient is not finite. */
  readonly rows: readonly number[];
  /** The inputs whose gradient is not finite, by name. */
  readonly modalities: readonly string[];
  /** The step in which that was so first, from 1. */
  readonly step: number;
  /** The restart of that step, from 1. */
  readonly restart: number;
}

/** The loss has a gradient with NaN or infinite entries, so the attack can't trust its steps. */
export class GradientError extends AttackError {
  /** The name of the class. */
  override name = 'GradientError';
  /** Names the kind of error. */
  override readonly code = 'AMR_GRADIENT';

  /** @param failure where the gradient is not finite */
  constructor(readonly failure: GradientFailure) {
    const { rows, modalities, step, restart } = failure;
    super(
      `gradient of ${modalities.map(formatValue).join(', ')}: got NaN or infinite entries in sample ${rows.join(', ')} of the batch, first in step ${step} of restart ${restart}; expected finite numbers. The classifier or the loss overflows there, divides by zero, or takes the root or logarithm of zero. Give perturb onNonFinite: 'skip' to leave such samples clean.`,
    );
  }
}

/**
 * The backend can't run an operation of the classifier, or tfjs has no gradient of it. The message says what to do; `cause` is
 * tfjs's own error.
 */
export class UnsupportedOperationError extends AttackError {
  /** The name of the class. */
  override name = 'UnsupportedOperationError';
  /** Names the kind of error. */
  override readonly code = 'AMR_UNSUPPORTED_OPERATION';
  /** The operation, by tfjs's name. */
  readonly operation: string;
  /** The inputs whose gradient needs it, by name; empty if the classifier itself can't be computed. */
  readonly modalities: readonly string[];

  constructor(message: string, found: { operation: string; modalities: readonly string[]; cause: unknown }) {
    super(message, { cause: found.cause });
    this.operation = found.operation;
    this.modalities = found.modalities;
  }
}
