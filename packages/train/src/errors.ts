/** An option, or a combination of model, data and options, that can't work. Thrown before any work is done. */
export class TrainOptionError extends Error {
  /** The name of the class. */
  override readonly name = 'TrainOptionError';
}

/** Samples that can't be used: labels out of range, values that aren't finite, shapes that the data set didn't announce. */
export class TrainDataError extends Error {
  /** The name of the class. */
  override readonly name = 'TrainDataError';
}

/** The loss stopped being finite. The checkpoint is left as it was before the step that broke. */
export class DivergenceError extends Error {
  /** The name of the class. */
  override readonly name = 'DivergenceError';
}

/** Why a checkpoint was refused. */
export type CheckpointProblem = 'damaged' | 'format' | 'version' | 'model' | 'config';

/** A checkpoint that can't be used: it is refused, nothing of it is loaded, and its file is left as it is. */
export class CheckpointError extends Error {
  /** The name of the class. */
  override readonly name = 'CheckpointError';
  /**
   * @param problem `damaged`: truncated or altered bytes; `format`, `version`: not a checkpoint of this library, or
   * one of another version; `model`: weights of another model; `config`: a run with other settings or data
   * @param message what was found, what was expected and how to mend it
   */
  constructor(
    readonly problem: CheckpointProblem,
    message: string,
  ) {
    super(message);
  }
}

/** A report that can't be read, merged or compared. */
export class ReportError extends Error {
  /** The name of the class. */
  override readonly name = 'ReportError';
}
