import { DatasetError } from '../datasetError.js';
import type { ListedSample, Listing, SourceFormat } from '../source/sourceFormat.js';
import type { StoredSamples } from './batchReader.js';

/** Samples that a format reads from their files; a sample's place is the listed sample. */
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
            `sample '${id}', ${name}: got ${values ? `a ${values.constructor.name} of length ${values.length}` : 'nothing'} from the format; expected a ${Type.name} of length ${length}.`,
            { file: files[name] },
          );
        }
      }
      return arrays;
    },
    async close() {},
  };
}
