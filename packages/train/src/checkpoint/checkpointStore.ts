/** A place for the bytes of one checkpoint. */
export interface CheckpointStore {
  /** The bytes, or undefined when none were written yet. */
  read(): Promise<Uint8Array | undefined>;
  /** Replaces the bytes. Until it is done the old ones must stay readable. */
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Keeps a checkpoint in memory: for tests, and for a page that stores it elsewhere.
 * @param bytes a checkpoint to begin with
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
