import { FormatError } from '../errors.js';

/** The bytes are not a pickle, or a damaged one. */
export class PickleError extends FormatError {
  /** The name of the class. */
  override readonly name: string = 'PickleError';
  /** Names the kind of error. */
  override readonly code: string = 'AMR_PICKLE';
  /** How many bytes of the pickle had been read; set when `readPickle` throws the error. */
  offset?: number;
}

/** The pickle asks for a class, a function or an instruction that is not allowed. Nothing of it was executed. */
export class PickleRefusedError extends PickleError {
  /** The name of the class. */
  override readonly name = 'PickleRefusedError';
  /** Names the kind of error. */
  override readonly code = 'AMR_PICKLE_REFUSED';
  /** What was asked for, such as `os.system`. */
  readonly refused: string;

  /** @param refused what was asked for */
  constructor(refused: string, reason = 'expected only names that are known to hold data') {
    super(`pickle: got a request for ${refused}, which is refused; ${reason}. Nothing was executed.`);
    this.refused = refused;
  }
}

/** How a message shows a value out of a pickle: short, and not by its items, as a list may contain itself. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 40)}...'` : `'${value}'`;
  if (typeof value === 'object' && value !== null) {
    return `a value of type ${value.constructor?.name ?? 'object'}`;
  }
  return String(value).slice(0, 40);
}
