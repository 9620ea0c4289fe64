import { basename } from 'node:path';
import { DatasetError } from '../../datasetError.js';
import { filesBelow } from '../../source/filesBelow.js';
import { zipEntryNames } from '../../source/zipEntries.js';

/** Modalities of a performance of UTD-MHAD. */
export type UtdMhadModality = 'depth' | 'skeleton' | 'inertial' | 'rgb';

/** A file of the data set: on disk, or in a zip archive. */
export interface UtdMhadFile {
  /** The file, or the archive. */
  file: string;
  /** Name in the archive. */
  entry?: string;
}

/** A performance, and its files by modality. */
interface UtdMhadTrial {
  /** `a<action>_s<subject>_t<trial>`. */
  id: string;
  /** Numbers in its name. */
  tags: { action: number; subject: number; trial: number };
  /** The files that exist. */
  files: { [modality in UtdMhadModality]?: UtdMhadFile };
}

const fileName = /^(a(\d{1,2})_s(\d{1,2})_t(\d{1,2}))_(?:(depth|skeleton|inertial)\.mat|color\.avi)$/i;
const archiveName = /^(depth|skeleton|inertial|rgb).*\.zip$/i;

/** The name of a file for errors. */
export const nameOf = ({ file, entry }: UtdMhadFile): string =>
  entry === undefined ? file : `${file}/${entry}`;

/**
 * The performances in a folder, sorted by action, subject and trial: files in any sub-folder, and in zip archives with the data set's
 * names, such as `Depth.zip` or `RGB-part1.zip`. A file on disk takes precedence over the same one in an archive.
 * @throws {DatasetError} when the folder or an archive can't be read, or a file exists twice
 */
export async function utdMhadFiles(root: string, signal?: AbortSignal): Promise<UtdMhadTrial[]> {
  const trials = new Map<string, UtdMhadTrial>();
  const add = (name: string, found: UtdMhadFile) => {
    const [, id, action, subject, trial, kind] = fileName.exec(name) ?? [];
    if (id === undefined) return;
    const key = id.toLowerCase();
    const modality = (kind?.toLowerCase() ?? 'rgb') as UtdMhadModality;
    const entry: UtdMhadTrial = trials.get(key) ?? {
      id: key,
      tags: { action: Number(action), subject: Number(subject), trial: Number(trial) },
      files: {},
    };
    const other = entry.files[modality];
    if (other && (other.entry === undefined) === (found.entry === undefined)) {
      throw new DatasetError(`got the file twice, also as ${nameOf(other)}; expected it once. Remove one.`, {
        file: nameOf(found),
      });
    }
    entry.files[modality] = other ?? found;
    trials.set(key, entry);
  };
  const files = await filesBelow(root);
  signal?.throwIfAborted();
  for (const file of files) add(basename(file), { file });
  for (const file of files.filter((path) => archiveName.test(basename(path)))) {
    for (const entry of await zipEntryNames(file, signal)) add(basename(entry), { file, entry });
  }
  return [...trials.values()].sort(
    ({ tags: a }, { tags: b }) => a.action - b.action || a.subject - b.subject || a.trial - b.trial,
  );
}
