import { DatasetError } from '../datasetError.js';
import type { ListedSample, Listing, SourceFormat } from '../source/sourceFormat.js';
import type { StoredSamples } from './batchReader.js';

/** Samples as a format reads them from their files; a sample's place is the listed sample. */
export function formatSamples(
  format: SourceFormat,
  options: unknown,
  modalities: Listing['modalities'],
): StoredSamples {
  return {
    async read({ place }, signal) {
      const { arrays } = await format.read(place as ListedSample, options, signal);
      for (const [name, { dtype, shape }] of Object.entries(modalities)) {
        const values = arrays[name];
        const Type = dtype === 'uint8' ? Uint8Array : Float32Array;
        const length = shape.reduce((product, axis) => product * axis, 1);
        if (!(values instanceof Type) || values.length !== length) {
          const { id, files } = place as ListedSample;
          throw new DatasetError(
            `sample '${id}': ${values ? `${values.length} values of '${name}' were read` : `no '${name}' was read`}, a ${Type.name} of ${length} was expected`,
            { file: files[name] },
          );
        }
      }
      return arrays;
    },
    async close() {},
  };
}
