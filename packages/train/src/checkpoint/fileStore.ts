import { readFile } from 'node:fs/promises';
import { writeAtomically } from '@amr/internal/node';
import type { CheckpointStore } from './checkpointStore.js';

/**
 * A checkpoint in a file. A write replaces the file in one step: readers, and a machine that loses power, find either
 * the old bytes or the new ones. A symbolic link is followed, not replaced. The folder is made when it is missing.
 * @param path path of the file, e.g. `runs/amr.safetensors`
 */
export function fileStore(path: string): CheckpointStore {
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
    write: (bytes) => writeAtomically(path, bytes),
  };
}
