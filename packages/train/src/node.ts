import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { AutoAttackCheckpointStore } from '@amr/attacks';
import { attackProgressIn } from './checkpoint/attackProgressFile.js';
import type { CheckpointStore } from './checkpoint/checkpointStore.js';

export type { CheckpointStore } from './checkpoint/checkpointStore.js';

/**
 * A checkpoint in a file. A write goes to a temporary file in the same folder, is flushed to the disk and takes the
 * old file's place in one step: whoever reads, or a machine that loses power, finds the old bytes or the new ones.
 * The folder is made when it is missing.
 * @param path path of the file, e.g. `runs/amr.safetensors`
 */
export function fileStore(path: string): CheckpointStore {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${process.pid}.tmp`);
  return {
    async read() {
      try {
        const bytes = await readFile(path);
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(bytes) {
      await mkdir(folder, { recursive: true });
      try {
        const file = await open(temporary, 'w');
        try {
          await file.writeFile(bytes);
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(temporary, path);
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
      await flushFolder(folder);
    },
  };
}

/**
 * The progress of an `autoAttack` of @amr/attacks in a safetensors file, written as {@link fileStore} writes: a run that
 * was stopped, also by power loss, goes on after the last attack that it finished. One file holds one batch.
 * @param path path of the file, e.g. `runs/autoattack-000.safetensors`
 * @returns what `autoAttack` takes as `progress`; its `load` throws a CheckpointError for a file that is damaged or
 *   of another kind
 * @example
 * ```ts
 * import { autoAttack } from '@amr/attacks';
 * import { fileAttackCheckpoint } from '@amr/train/node';
 * const progress = fileAttackCheckpoint('runs/autoattack-000.safetensors');
 * const attack = autoAttack({ rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] } }, { progress });
 * console.log(attack.members);
 * ```
 */
export function fileAttackCheckpoint(path: string): AutoAttackCheckpointStore {
  return attackProgressIn(fileStore(path));
}

/** Makes the rename itself durable. Windows can't open a folder, and needs no such thing. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
