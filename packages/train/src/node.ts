export type { CheckpointStore } from './checkpoint/checkpointStore.js';
export { fileAttackCheckpoint } from './checkpoint/fileAttackCheckpoint.js';
export { fileStore } from './checkpoint/fileStore.js';
