import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DatasetError } from '../../datasetError.js';

/**
 * The files of a folder and its sub-folders whose names begin with a sample's name, by that name. Links are followed.
 * @param folder where to look
 * @param isWanted what may follow the sample's name in the file's
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
    // A link may lead back to where it is.
    if (seen.has(real)) return;
    seen.add(real);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      const file = join(path, entry.name);
      const id = /^S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}/.exec(entry.name)?.[0];
      if (id !== undefined && isWanted(entry.name.slice(id.length))) {
        const other = found.get(id);
        if (other !== undefined) {
          throw new DatasetError(`sample ${id} is there twice, also as ${other}; remove one of them`, {
            file,
          });
        }
        found.set(id, file);
      } else if (entry.isDirectory() || (entry.isSymbolicLink() && (await leadsToFolder(file)))) {
        await walk(file);
      }
    }
  };
  try {
    await walk(folder);
  } catch (cause) {
    if (cause instanceof DatasetError || signal?.aborted) throw cause;
    throw new DatasetError(`the folder can't be read: ${(cause as Error).message}`, { file: folder, cause });
  }
  return found;
}

const leadsToFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
