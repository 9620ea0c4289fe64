/** Whole files by path, kept up to a number of bytes; the file whose last use is longest ago is dropped first. */
export interface WholeFiles {
  /** The file's bytes, which the caller must not change. Callers that ask during a fetch wait for that fetch. */
  get(path: string, fetch: () => Promise<Uint8Array>): Promise<Uint8Array>;
  /** Whether the file is kept, or being fetched. */
  has(path: string): boolean;
  /** Drops all files. */
  clear(): void;
}

/** @param maxBytes bytes that are kept; a single larger file is kept until the next one */
export function wholeFiles(maxBytes: number): WholeFiles {
  const files = new Map<string, { bytes: Promise<Uint8Array>; size: number }>();

  function shrink(): void {
    let total = 0;
    for (const { size } of files.values()) total += size;
    for (const [path, { size }] of files) {
      if (total <= maxBytes) return;
      // Files that are being fetched have no size yet, and stay.
      if (size === 0) continue;
      files.delete(path);
      total -= size;
    }
  }

  return {
    async get(path, fetch) {
      const known = files.get(path);
      const file = known ?? { bytes: fetch(), size: 0 };
      // Inserted again, behind the others: a Map keeps the order of insertion.
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
