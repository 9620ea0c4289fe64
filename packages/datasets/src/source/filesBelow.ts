import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { DatasetError } from '../datasetError.js';

/**
 * Paths of all files in a folder and its sub-folders, sorted. Links are followed.
 * @throws {DatasetError} when the folder can't be read
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const seen = new Set<string>();
  const walk = async (path: string): Promise<void> => {
    const real = await realpath(path);
    // A link may lead back to a folder that contains it.
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const below = join(path, entry.name);
      if (await isFolder(entry, below)) await walk(below);
      else files.push(below);
    }
  };
  try {
    await walk(folder);
  } catch (cause) {
    throw folderError(folder, cause);
  }
  return files.sort();
}

/** Whether an entry of a folder is a folder, or a link to one. */
export async function isFolder(entry: Dirent, path: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return entry.isDirectory();
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The error of a folder that can't be read. */
export function folderError(folder: string, cause: unknown): DatasetError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const got = code === 'ENOENT' ? 'no such folder' : `an error: ${message}`;
  return new DatasetError(`got ${got}; expected a folder.`, { file: folder, cause });
}

const videoEnding = /^\.(avi|mp4|mkv|webm|mov|mpg|mpeg|m4v)$/i;

/**
 * Videos in a folder and its sub-folders by their names without the ending and NTU's `_rgb`. Of several with one name, the first
 * counts.
 * @throws {DatasetError} when the folder can't be read
 */
export async function videosBelow(folder: string): Promise<Map<string, string>> {
  const videos = new Map<string, string>();
  for (const file of await filesBelow(folder)) {
    const { name, ext } = parse(file);
    const id = name.replace(/_rgb$/, '');
    if (videoEnding.test(ext) && !videos.has(id)) videos.set(id, file);
  }
  return videos;
}
