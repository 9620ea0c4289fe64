/** Whole files by path, kept up to a number of bytes; those that were used longest ago go first. */
export interface WholeFiles {
  /** The file's bytes, not to be changed; whoever asks while it is being fetched waits for the same fetch. */
  get(path: string, fetch: () => Promise<Uint8Array>): Promise<Uint8Array>;
  /** Whether the file is here or on its way. */
  has(path: string): boolean;
  /** Forgets all. */
  clear(): void;
}

/** @param limit bytes that are kept at most; a single file may be larger while nothing else is kept */
export function wholeFiles(limit: number): WholeFiles {
  const files = new Map<string, { bytes: Promise<Uint8Array>; size: number }>();

  function shrink(): void {
    let total = 0;
    for (const { size } of files.values()) total += size;
    for (const [path, { size }] of files) {
      if (total <= limit) return;
      // Files on their way have no size yet, and stay.
      if (size === 0) continue;
      files.delete(path);
      total -= size;
    }
  }

  return {
    async get(path, fetch) {
      const known = files.get(path);
      const file = known ?? { bytes: fetch(), size: 0 };
      files.delete(path);
      files.set(path, file);
      if (!known) {
        file.bytes.then(
          (bytes) => {
            file.size = bytes.length;
            shrink();
          },
          () => files.delete(path),
        );
      }
      return file.bytes;
    },
    has: (path) => files.has(path),
    clear: () => files.clear(),
  };
}
