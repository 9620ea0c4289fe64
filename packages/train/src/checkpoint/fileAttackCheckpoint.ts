import type { AutoAttackCheckpointStore } from '@amr/attacks';
import { attackCheckpointIn } from './attackCheckpoint.js';
import { fileStore } from './fileStore.js';

/**
 * The checkpoint of an `autoAttack` of @amr/attacks in a safetensors file, written as {@link fileStore} writes: a run that
 * was stopped, also by power loss, resumes after the last attack that it finished. One file holds one batch.
 * @param path path of the file, e.g. `runs/autoattack-000.safetensors`
 * @returns the option `checkpoint` of `autoAttack`; its `load` throws a CheckpointError for a file that is damaged or
 *   of another kind
 * @example
 * ```ts
 * import { autoAttack } from '@amr/attacks';
 * import { fileAttackCheckpoint } from '@amr/train/node';
 * const checkpoint = fileAttackCheckpoint('runs/autoattack-000.safetensors');
 * const attack = autoAttack({ rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] } }, { checkpoint });
 * console.log(attack.members);
 * ```
 */
export function fileAttackCheckpoint(path: string): AutoAttackCheckpointStore {
  return attackCheckpointIn(fileStore(path));
}
