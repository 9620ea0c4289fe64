export type { Batch, BatchOptions, Dataset, ModalityInfo } from '@amr/internal';
export type { AugmentationOptions, CropOptions } from './augment/augmentationOptions.js';
export { withAugmentation } from './augment/withAugmentation.js';
export { type ContactSheetOptions, contactSheet } from './contactSheet.js';
export { DatasetError, type DatasetErrorPlace } from './datasetError.js';
export { type ArrayDataset, fromArrays, type LabelledArrays, type ModalityArray } from './fromArrays.js';
export { type ActionClipsOptions, type ActionClipsSplit, actionClips } from './generator/actionClips.js';
export { actionNames } from './generator/actions.js';
export { focalLength } from './generator/camera.js';
export { ntuBones, ntuJoints, ntuMirror, utdMhadMirror } from './generator/skeleton.js';
export { ntu60Classes, ntu120Classes } from './ntu/classNames.js';
export type { DenoiseOptions } from './ntu/denoise.js';
export type { EmptyFrames } from './ntu/mainBodies.js';
export { ntu60MissingSkeletons, ntu120MissingSkeletons } from './ntu/missingSkeletons.js';
export type { SkeletonFit } from './ntu/normalize.js';
export { formatSampleName, type NtuSampleName, parseSampleName } from './ntu/sampleName.js';
export { type NtuSkeletonOptions, type SkeletonClip, skeletonClip } from './ntu/skeletonClip.js';
export {
  bodyFields,
  formatSkeletonFile,
  jointFields,
  jointValues,
  parseSkeletonFile,
  type SkeletonBody,
  type SkeletonRecording,
} from './ntu/skeletonFile.js';
export { ntu60Splits, ntu120Splits } from './ntu/splits.js';
export { type HttpSourceOptions, httpSource } from './prepared/httpSource.js';
export {
  type OpenShardsOptions,
  openShards,
  type PreparedSample,
  type PreparedShards,
  type StoredSample,
} from './prepared/preparedShards.js';
export type { ShardSource } from './prepared/shardSource.js';
export type { ChoiceOptions } from './streaming/chosenSamples.js';
export { type PreparedUrlOptions, preparedUrl } from './streaming/preparedUrl.js';
export type { SampleOptions } from './streaming/recipe.js';
export type { StreamOptions } from './streaming/storedDataset.js';
export type { StreamedDataset } from './streaming/streamDataset.js';
export { type UtdMhadOptions, utdMhad } from './utdMhad.js';
export { type FrameSampling, type FrameSamplingOptions, sampleFrames } from './video/frameSampling.js';
export { type PersonBox, type PersonBoxOptions, personBox } from './video/personBox.js';
