/** An option is not valid, or model, data and options don't fit together. Thrown before any work is done. */
export class TrainOptionError extends Error {
  /** The name of the class. */
  override readonly name = 'TrainOptionError';
  /** Names the kind of error. */
  readonly code = 'AMR_TRAIN_OPTIONS';
}

/** Samples can't be used: labels out of range, NaN or infinite values, shapes that the data set didn't state. */
export class TrainDataError extends Error {
  /** The name of the class. */
  override readonly name = 'TrainDataError';
  /** Names the kind of error. */
  readonly code = 'AMR_TRAIN_DATA';
}

/** The loss is no longer finite. The checkpoint is from before the step that diverged. */
export class DivergenceError extends Error {
  /** The name of the class. */
  override readonly name = 'DivergenceError';
  /** Names the kind of error. */
  readonly code = 'AMR_DIVERGENCE';
}

/** Why a checkpoint was refused. */
export type CheckpointProblem = 'damaged' | 'format' | 'version' | 'model' | 'config';

/** A checkpoint can't be used. Nothing of it is loaded, and its file stays unchanged. */
export class CheckpointError extends Error {
  /** The name of the class. */
  override readonly name = 'CheckpointError';
  /** Names the kind of error; `problem` says more. */
  readonly code = 'AMR_CHECKPOINT';
  /**
   * @param problem `damaged`: truncated or altered bytes; `format`, `version`: not a checkpoint of this library, or
   * one of another version; `model`: weights of another model; `config`: a run with other settings or data
   * @param message what was found, what was expected and how to fix it
   */
  constructor(
    readonly problem: CheckpointProblem,
    message: string,
  ) {
    super(message);
  }
}

/** A report can't be read, merged or compared. */
export class ReportError extends Error {
  /** The name of the class. */
  override readonly name = 'ReportError';
  /** Names the kind of error. */
  readonly code = 'AMR_REPORT';
}
