export { keypointUnit } from './keypoints/pictureHeights.js';
export { type PysklOptions, pyskl } from './pyskl/pysklFormat.js';
export type {
  LeftOut,
  ListedSample,
  Listing,
  ReadSample,
  SourceFormat,
  StoredModality,
} from './source/sourceFormat.js';
export type { SplitPart, SplitRule } from './source/splitRule.js';
export { partOfSplit } from './source/splitRule.js';
