export type { Batch, BatchOptions, Dataset, ModalityInfo } from './dataset.js';
export { evenlySpaced } from './evenlySpaced.js';
export { mixSeed, murmurFinalizer, textHash } from './hash.js';
export { formatValue, mismatch } from './message.js';
export { nearestName } from './nearestName.js';
export { type OptionChecks, optionChecks, unknownKey } from './optionChecks.js';
export { type Progress, progressClock } from './progress.js';
export { type Random, random, randomFrom, sfc32 } from './random.js';
