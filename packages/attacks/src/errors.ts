/** What every error of this package is an instance of. */
export class AttackError extends Error {
  /** The name of the class, for callers that compare names rather than classes. */
  override name = 'AttackError';
}

/** Inputs, labels, targets or logits that an attack can't work on. Raised before the first step. */
export class AttackInputError extends AttackError {
  /** The name of the class. */
  override name = 'AttackInputError';
}

/** A budget that makes no sense, by itself or for the inputs at hand. Raised before the first step. */
export class ThreatModelError extends AttackError {
  /** The name of the class. */
  override name = 'ThreatModelError';
}

/** An option of an attack, or of `perturb`, outside its values. */
export class AttackOptionsError extends AttackError {
  /** The name of the class. */
  override name = 'AttackOptionsError';
}

/** The loss has a gradient with NaN or infinite entries, so no step can be trusted. */
export class GradientError extends AttackError {
  /** The name of the class. */
  override name = 'GradientError';
}

/** How a value reads in a message: strings quoted, arrays in brackets, tensors by shape. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (Array.isArray(value)) return `[${value.map(shown).join(', ')}]`;
  if (typeof value === 'object' && value !== null && 'shape' in value)
    return `a tensor of shape ${shown(value.shape)}`;
  if (typeof value === 'object' && value !== null) return `an object with ${shown(Object.keys(value))}`;
  return String(value);
}
