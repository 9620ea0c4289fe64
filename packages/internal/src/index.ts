export type { Batch, BatchOptions, Dataset, ModalityInfo } from './dataset.js';
export { evenlySpaced } from './evenlySpaced.js';
export { mixSeed, murmurFinalizer, textHash } from './hash.js';
export { formatValue, mismatch } from './message.js';
export { inputNamesOf, outputNamesOf } from './modelNames.js';
export { editDistance, nearestName } from './nearestName.js';
export { type OptionChecks, type OwnKeys, optionChecks, unknownKey } from './optionChecks.js';
export { type KeysOf, optionKeys } from './optionKeys.js';
export { type Progress, progressClock } from './progress.js';
export { type Random, random, randomFrom, sfc32 } from './random.js';
export { coco17Bones, coco17Mirror } from './skeletons/coco17.js';
export {
  imigueBones,
  imigueMirror,
  imigueUpperBody,
  imigueUpperBones,
  imigueUpperMirror,
} from './skeletons/imigue.js';
export type { JointPairs } from './skeletons/jointPairs.js';
export { kinectV1Bones, utdMhadMirror } from './skeletons/kinectV1.js';
export { ntuBones, ntuBonesOfStgcn, ntuJoints, ntuMirror } from './skeletons/ntu.js';
export { openpose18Bones, openpose18Mirror } from './skeletons/openpose18.js';
export { isPromise } from './valueKinds.js';
