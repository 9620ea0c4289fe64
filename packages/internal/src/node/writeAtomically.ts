import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readlink, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Temporary files that nothing was written to for so long are left from a killed writer. */
const STALE_AFTER = 60 * 60 * 1000;
/** Matches the temporary files of {@link writeAtomically}. */
const TEMPORARY = /^\..+\.[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\.tmp$/;
/** Folders that this thread has cleared of stale temporary files. */
const cleared = new Set<string>();

/**
 * Writes a file so that readers, and a machine that loses power, find either the old file or the whole new one. The content
 * goes into a temporary file in the same folder, which is flushed to the disk and renamed. The temporary file has a random
 * name and is created exclusively, so that writers in other threads, processes, containers and machines that share the folder
 * don't meet. A symbolic link is followed, not replaced. The folder is made when it is missing, and the first write into it
 * removes temporary files older than an hour. A write that fails leaves nothing behind.
 * @param path the file
 * @param content its content, or a function that writes it from the beginning
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | ((file: FileHandle) => Promise<void>),
): Promise<void> {
  const target = await followLinks(path);
  const folder = dirname(target);
  await mkdir(folder, { recursive: true });
  await removeStale(folder);
  const temporary = join(folder, `.${basename(target)}.${randomUUID()}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      if (typeof content === 'function') await content(file);
      else await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await flushFolder(folder);
}

/** The file that a path leads to, over symbolic links, also when that file is missing. */
async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  // As many links as Linux follows; then writing fails with the system's own error.
  for (let links = 0; links < 40; links++) {
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) break;
    target = resolve(dirname(target), next);
  }
  return target;
}

/** Removes what killed writers left in the folder. Files that vanish meanwhile were removed by another writer. */
async function removeStale(folder: string): Promise<void> {
  if (cleared.has(folder)) return;
  cleared.add(folder);
  for (const name of await readdir(folder)) {
    if (!TEMPORARY.test(name)) continue;
    const file = join(folder, name);
    const written = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Number.POSITIVE_INFINITY,
    );
    if (Date.now() - written > STALE_AFTER) await rm(file, { force: true });
  }
}

/** Makes the rename itself durable. Windows can't open a folder, and doesn't need it. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
