import { DatasetError } from '../datasetError.js';
import type { DamagedSample } from '../prepared/manifest.js';
import type { ListedSample, Listing, ReadSample, SourceFormat } from '../source/sourceFormat.js';

/** Result of reading one sample. */
export type ReadOutcome = { read: ReadSample } | { damaged: DamagedSample };

/**
 * Reads one sample. A {@link DatasetError} becomes an outcome, 'damaged'. All other errors are thrown, since they would occur
 * with every sample, and so is an error about a format that doesn't keep to its own listing.
 */
export async function readOutcome<Options>(
  format: SourceFormat<Options>,
  sample: ListedSample,
  options: Options,
  modalities: Listing['modalities'],
  signal?: AbortSignal,
): Promise<ReadOutcome> {
  try {
    const read = await format.read(sample, options, signal);
    check(read, sample, modalities, format.name);
    return { read };
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    return { damaged: damagedBy(error, sample.id) };
  }
}

function damagedBy({ reason, file, line, offset }: DatasetError, id: string): DamagedSample {
  const place = line === undefined ? (offset === undefined ? '' : `byte ${offset}: `) : `line ${line}: `;
  return { id, ...(file === undefined ? {} : { file }), reason: `${place}${reason}` };
}

function check(
  { arrays }: ReadSample,
  sample: ListedSample,
  modalities: Listing['modalities'],
  format: string,
): void {
  for (const [name, { dtype, shape }] of Object.entries(modalities)) {
    const values = arrays[name];
    const size = shape.reduce((product, length) => product * length, 1);
    const type = dtype === 'uint8' ? Uint8Array : Float32Array;
    if (!(values instanceof type) || values.length !== size) {
      const found = values ? `${values.constructor.name} of length ${values.length}` : String(values);
      throw new TypeError(
        `${format}.${name}: got ${found} for sample '${sample.id}'; expected ${dtype} [${shape.join(', ')}], as in its listing. Fix the format's read().`,
      );
    }
    if (dtype === 'float32' && !values.every(Number.isFinite)) {
      throw new DatasetError(`${name}: got values that are not finite; expected finite numbers.`, {
        file: sample.files[name],
      });
    }
  }
}
