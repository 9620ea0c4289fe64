import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { DatasetError } from '../datasetError.js';

/**
 * Paths of all files in a folder and its folders, in the order of their names.
 * @throws {DatasetError} when there is no such folder
 */
export async function filesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DatasetError(code === 'ENOENT' ? 'there is no such folder' : message, { file: folder, cause });
  }
}

const videoEnding = /^\.(avi|mp4|mkv|webm|mov|mpg|mpeg|m4v)$/i;

/**
 * Videos in a folder and its folders by their names without the ending and NTU's `_rgb`; of several of a name the first.
 * @throws {DatasetError} when there is no such folder
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
