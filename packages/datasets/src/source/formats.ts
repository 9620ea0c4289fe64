import { folder } from '../folder/folderFormat.js';
import { imigue } from '../imigue/imigueFormat.js';
import { ntu60, ntu120 } from '../ntu/ntuFormat.js';
import { pyskl } from '../pyskl/pysklFormat.js';
import { utdMhadFormat } from '../utdMhad/utdMhadFormat.js';
import type { SourceFormat } from './sourceFormat.js';

/** The kinds of data sets that {@link prepare} and `amr-data prepare` know by name. */
export const sourceFormats: { readonly [name: string]: SourceFormat } = Object.fromEntries(
  [ntu60, ntu120, imigue, pyskl, utdMhadFormat, folder].map((format) => [
    format.name,
    format as SourceFormat,
  ]),
);
