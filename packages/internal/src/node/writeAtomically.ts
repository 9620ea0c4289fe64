import { randomUUID } from 'node:crypto';
import {
  type FileHandle,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Milliseconds after its last change when a temporary file counts as left by a killed writer. */
const STALE_AFTER = 60 * 60 * 1000;
/** Matches the temporary files of {@link writeAtomically}. */
const TEMPORARY = /^\..+\.[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}\.tmp$/;
/** As many symbolic links as Linux follows in one path. */
const MAX_LINKS = 40;
/** Errors of file systems that can't flush a folder, and of folders that may be written but not read. */
const CANNOT_FLUSH = ['EINVAL', 'ENOTSUP', 'EISDIR', 'EPERM', 'EACCES'];
/** When this thread last removed stale temporary files from a folder. */
const cleared = new Map<string, number>();

/**
 * Writes a file so that readers, and a machine that loses power, find either the old file or the whole new one. The content
 * goes into a temporary file in the same folder, which is flushed to the disk and renamed. The temporary file has a random
 * name and is created exclusively, so that writers in other threads, processes, containers and machines that share the folder
 * never use the same one. A symbolic link is followed, not replaced. The folder is made when it is missing. Temporary files
 * older than an hour are removed before the first write into a folder, and again every hour. A write that fails leaves
 * nothing behind.
 * @param path the file
 * @param content its content, or a function that writes it from the beginning
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array | ((file: FileHandle) => Promise<void>),
): Promise<void> {
  const target = await followLinks(path);
  const folder = dirname(target);
  const firstMade = await mkdir(folder, { recursive: true });
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
    // The first error is the one to report, even when the temporary file can't be removed.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await flushFolders(folder, firstMade);
}

/** The file that a path leads to over symbolic links, also when that file is missing. */
async function followLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; ; links++) {
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) return target;
    // Links that lead in a circle: throws ELOOP with the path, as opening the file would.
    if (links === MAX_LINKS) await stat(path);
    // A link's `..` starts from the folder that the link really lies in.
    target = resolve(await realpath(dirname(target)), next);
  }
}

/** Removes what killed writers left in the folder. Failing to is no reason not to write. */
async function removeStale(folder: string): Promise<void> {
  const now = Date.now();
  if (now - (cleared.get(folder) ?? Number.NEGATIVE_INFINITY) < STALE_AFTER) return;
  cleared.set(folder, now);
  const names = await readdir(folder).catch(() => []);
  for (const name of names.filter((one) => TEMPORARY.test(one))) {
    const file = join(folder, name);
    try {
      if (now - (await stat(file)).mtimeMs > STALE_AFTER) await rm(file, { force: true });
    } catch {
      // Another writer removed the file, or it belongs to another user.
    }
  }
}

/**
 * Makes the rename durable, and the folders that were made for it: each is an entry in the folder above.
 * @param firstMade the topmost folder that was made, if any
 */
async function flushFolders(folder: string, firstMade: string | undefined): Promise<void> {
  // Windows can't open a folder, and doesn't need it.
  if (process.platform === 'win32') return;
  const top = firstMade === undefined ? folder : dirname(firstMade);
  for (let one = folder; ; one = dirname(one)) {
    await flushFolder(one);
    if (one === top || one === dirname(one)) return;
  }
}

async function flushFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!CANNOT_FLUSH.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
