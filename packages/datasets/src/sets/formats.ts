import { DatasetError } from '../datasetError.js';
import type { SourceFormat } from '../source/sourceFormat.js';
import { folder } from './folder/folderFormat.js';
import { imigue } from './imigue/imigueFormat.js';
import { ntu60, ntu120 } from './ntu/ntuFormat.js';
import { pyskl } from './pyskl/pysklFormat.js';
import { utdMhadFormat } from './utdMhad/utdMhadFormat.js';

/** The formats that {@link prepare} and `amr-data prepare` know by name. */
export const sourceFormats: { readonly [name: string]: SourceFormat } = Object.fromEntries(
  [ntu60, ntu120, imigue, pyskl, utdMhadFormat, folder].map((format) => [
    format.name,
    format as SourceFormat,
  ]),
);

/**
 * One of {@link sourceFormats} by its name, or the format itself.
 * @throws {DatasetError} when no format has this name
 */
export function formatOf<Options>(format: SourceFormat<Options> | string): SourceFormat<Options> {
  if (typeof format !== 'string') return format;
  if (Object.hasOwn(sourceFormats, format)) return sourceFormats[format] as SourceFormat<Options>;
  throw new DatasetError(
    `format: got '${format}'; expected one of ${Object.keys(sourceFormats).join(', ')}. Pass your own format as an object.`,
  );
}
