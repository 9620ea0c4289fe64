/** A place for the bytes of one checkpoint. */
export interface CheckpointStore {
  /** The bytes; undefined when none were written yet. */
  read(): Promise<Uint8Array | undefined>;
  /** Replaces the bytes. The old ones must stay readable until the new ones are complete. */
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Keeps a checkpoint in memory: for tests, and for web pages that store it elsewhere.
 * @param bytes a checkpoint to resume from; default: none
 */
export function memoryStore(bytes?: Uint8Array): CheckpointStore {
  let held = bytes?.slice();
  return {
    read: async () => held?.slice(),
    write: async (written) => {
      held = written.slice();
    },
  };
}
