export { type ContactSheetOptions, contactSheet } from './contactSheet.js';
export type { Batch, BatchOptions, Dataset, ModalityInfo } from './dataset.js';
export { DatasetError } from './datasetError.js';
export { type ArrayDataset, fromArrays, type LabelledArrays, type ModalityArray } from './fromArrays.js';
export { type ActionClipsOptions, actionClips } from './generator/actionClips.js';
export { actionNames } from './generator/actions.js';
export { focalLength } from './generator/camera.js';
export { ntuBones, ntuJoints, ntuMirror, utdMhadMirror } from './generator/skeleton.js';
export { type UtdMhadOptions, utdMhad } from './utdMhad.js';
