import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../../datasetError.js';
import { isFolder } from '../../source/filesBelow.js';

/**
 * The files of a folder and its sub-folders whose names begin with a sample's name, by that name. Links are followed.
 * @param isWanted whether the rest of a file's name, behind the sample's name, is one that is searched for
 * @throws {DatasetError} when the folder can't be read, or two files have the same name
 */
export async function sampleFiles(
  folder: string,
  isWanted: (rest: string) => boolean,
  signal?: AbortSignal,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const seen = new Set<string>();
  const walk = async (path: string): Promise<void> => {
    signal?.throwIfAborted();
    const real = await realpath(path);
    // A link may lead back to a folder that contains it.
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const file = join(path, entry.name);
      const id = /^S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}/.exec(entry.name)?.[0];
      if (id !== undefined && isWanted(entry.name.slice(id.length))) {
        const other = found.get(id);
        if (other !== undefined) {
          throw new DatasetError(
            `got sample ${id} twice, also as ${other}; expected it once. Remove one file.`,
            {
              file,
            },
          );
        }
        found.set(id, file);
      } else if (await isFolder(entry, file)) {
        await walk(file);
      }
    }
  };
  try {
    await walk(folder);
  } catch (cause) {
    if (cause instanceof DatasetError || signal?.aborted) throw cause;
    throw new DatasetError(`got an error: ${(cause as Error).message}; expected a folder.`, {
      file: folder,
      cause,
    });
  }
  return found;
}
