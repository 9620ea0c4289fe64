export {
  type NtuLayout,
  type NtuLayoutClip,
  type NtuLayoutOptions,
  writeNtuLayout,
} from './generator/ntuLayout.js';
export { ntuActionNumbers } from './generator/ntuNames.js';
export { mergePrepared } from './prepare/mergePrepared.js';
export { type Prepared, type PrepareOptions, type PrepareProgress, prepare } from './prepare/prepare.js';
export { type Shard, shardOf } from './prepare/shardOf.js';
export { folderSource } from './prepared/folderSource.js';
export type { DamagedSample, Manifest, ManifestSample, ManifestShard } from './prepared/manifest.js';
export { type VerifyOptions, type VerifyReport, verifyPrepared } from './prepared/verifyPrepared.js';
export { type FolderModality, type FolderOptions, folder } from './sets/folder/folderFormat.js';
export { type FromFolderOptions, fromFolder } from './sets/folder/fromFolder.js';
export { sourceFormats } from './sets/formats.js';
export { type ImigueOptions, type ImigueSkeletonOptions, imigue } from './sets/imigue/imigueFormat.js';
export { keypointUnit, type PictureSize } from './sets/keypoints/pictureHeights.js';
export { type NtuOptions, ntu60, ntu120 } from './sets/ntu/ntuFormat.js';
export { type PysklOptions, type PysklSkeletonOptions, pyskl } from './sets/pyskl/pysklFormat.js';
export type { DepthClipOptions } from './sets/utdMhad/depthClip.js';
export type { UtdMhadModality } from './sets/utdMhad/utdMhadFiles.js';
export { type UtdMhadFormatOptions, utdMhadFormat } from './sets/utdMhad/utdMhadFormat.js';
export type {
  ListedSample,
  Listing,
  ReadSample,
  SkippedSample,
  SourceFormat,
  StoredModality,
} from './source/sourceFormat.js';
export type { SplitPart, SplitRule } from './source/splitRule.js';
export { partOfSplit } from './source/splitRule.js';
export { type PreparedFolderOptions, preparedFolder } from './streaming/preparedFolder.js';
export { type StreamSourceOptions, streamSource } from './streaming/streamSource.js';
export { type ProbeVideoOptions, probeVideo, type VideoInfo } from './video/probeVideo.js';
export { type ReadVideo, type ReadVideoPart, readVideo } from './video/readVideo.js';
export { type VideoCrop, type VideoOptions, videoModality } from './video/videoOptions.js';
export { type VideoToWrite, type WriteVideoOptions, writeVideo } from './video/writeVideo.js';
