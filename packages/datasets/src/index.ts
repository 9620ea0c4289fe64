export type { Batch, BatchOptions, Dataset, ModalityInfo, Progress } from '@amr/internal';
export { ntuBones, ntuJoints, ntuMirror, utdMhadMirror } from '@amr/internal';
export type { AugmentationOptions, CropOptions } from './augment/augmentationOptions.js';
export { withAugmentation } from './augment/withAugmentation.js';
export { type ContactSheetOptions, contactSheet } from './cli/contactSheet.js';
export { DatasetError, type DatasetErrorPlace } from './datasetError.js';
export { actionClips } from './generator/actionClips.js';
export type { ActionClipsOptions, ActionClipsSplit } from './generator/actionClipsOptions.js';
export { actionNames } from './generator/actions.js';
export { focalLength } from './generator/camera.js';
export { type HttpSourceOptions, httpSource } from './prepared/httpSource.js';
export {
  type OpenShardsOptions,
  openShards,
  type PreparedSample,
  type PreparedShards,
  type StoredSample,
} from './prepared/preparedShards.js';
export type { ShardSource } from './prepared/shardSource.js';
export type { SkeletonFit } from './sets/fitToFrames.js';
export { ntu60Classes, ntu120Classes } from './sets/ntu/classNames.js';
export type { DenoiseOptions } from './sets/ntu/denoise.js';
export { formatSkeletonFile } from './sets/ntu/formatSkeletonFile.js';
export type { EmptyFrames } from './sets/ntu/mainBodies.js';
export { ntu60MissingSkeletons, ntu120MissingSkeletons } from './sets/ntu/missingSkeletons.js';
export { parseSkeletonFile } from './sets/ntu/parseSkeletonFile.js';
export { formatSampleName, type NtuSampleName, parseSampleName } from './sets/ntu/sampleName.js';
export { type NtuSkeletonOptions, type SkeletonClip, skeletonClip } from './sets/ntu/skeletonClip.js';
export {
  bodyFields,
  jointFields,
  jointValues,
  type SkeletonBody,
  type SkeletonRecording,
} from './sets/ntu/skeletonFile.js';
export { ntu60Splits, ntu120Splits } from './sets/ntu/splits.js';
export { type UtdMhadOptions, utdMhad } from './sets/utdMhad/utdMhad.js';
export {
  type ArrayDataset,
  fromArrays,
  type LabelledArrays,
  type ModalityArray,
} from './source/fromArrays.js';
export { fromTensors, type SampleDescription } from './source/fromTensors.js';
export { fromTfData, type TfDataOptions, type TfDataset } from './source/fromTfData.js';
export type { ChoiceOptions } from './streaming/chosenSamples.js';
export { type PreparedUrlOptions, preparedUrl } from './streaming/preparedUrl.js';
export type { SampleOptions } from './streaming/sampleTransform.js';
export type { StreamOptions } from './streaming/storedDataset.js';
export type { StreamedDataset } from './streaming/streamDataset.js';
export { type FrameSampling, type FrameSamplingOptions, sampleFrames } from './video/frameSampling.js';
export { type PersonBox, type PersonBoxOptions, personBox } from './video/personBox.js';
