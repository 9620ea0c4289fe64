import { DatasetError } from '../datasetError.js';

/**
 * Options are plain data that come out of files too, where no compiler has read their names.
 * @param group what the options belong to, such as `'skeleton'`; absent: the format itself
 * @throws {DatasetError} for one that nobody reads
 */
export function onlyOptions(options: object, known: readonly string[], group?: string): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new DatasetError(
    `${group === undefined ? '' : `${group}: `}there is no option '${unknown}'; there are ${known.join(', ')}`,
  );
}
