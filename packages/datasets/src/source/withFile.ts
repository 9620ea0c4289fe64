import { DatasetError } from '../datasetError.js';

/** Runs a function, and adds the file to a {@link DatasetError} of its content that names none. */
export function withFile<T>(file: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof DatasetError && cause.file === undefined) {
      throw new DatasetError(cause.reason, { file, cause });
    }
    throw cause;
  }
}
