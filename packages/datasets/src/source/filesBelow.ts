import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { DatasetError } from '../datasetError.js';

/**
 * Paths of all files in a folder and its folders, in the order of their names. Links are followed.
 * @throws {DatasetError} when there is no such folder
 */
export async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  const seen = new Set<string>();
  const walk = async (path: string): Promise<void> => {
    const real = await realpath(path);
    // A link may lead back to where it is.
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const below = join(path, entry.name);
      if (entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(below)))) await walk(below);
      else files.push(below);
    }
  };
  try {
    await walk(folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new DatasetError(code === 'ENOENT' ? 'there is no such folder' : message, { file: folder, cause });
  }
  return files.sort();
}

const leadsToFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );

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
