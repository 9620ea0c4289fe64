export type { Batch, BatchOptions, Dataset, ModalityInfo } from './dataset.js';
export { DatasetError } from './datasetError.js';
export { type ArrayDataset, fromArrays, type LabelledArrays, type ModalityArray } from './fromArrays.js';
export { type UtdMhadOptions, utdMhad } from './utdMhad.js';
