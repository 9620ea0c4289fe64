import { readdir } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { DatasetError } from '../../datasetError.js';
import { folderError, isFolder } from '../../source/filesBelow.js';
import type { SkippedSample } from '../../source/sourceFormat.js';

/** The files of each modality, by the samples' ids `<class>/<name>`. */
type FilesByModality = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A sample with a file of every modality. */
export interface FolderSample {
  id: string;
  /** Name of the class. */
  label: string;
  files: { [modality: string]: string };
}

/**
 * Names of the modalities: those that were chosen, or all folders.
 * @throws {DatasetError} when there is none, or one of the chosen is missing
 */
export async function modalityNames(root: string, chosen: readonly string[] | undefined): Promise<string[]> {
  const found = await foldersIn(root);
  const names = chosen ? [...chosen] : found;
  const missing = names.find((name) => !found.includes(name));
  if (missing !== undefined) {
    throw new DatasetError(
      `modalities: got '${missing}'; expected names of folders: ${found.join(', ') || 'there is none'}.`,
      { file: root },
    );
  }
  // Every object has this property, so that it can't be a modality's.
  if (names.includes('__proto__')) {
    throw new DatasetError("got '__proto__'; expected another name of a modality. Rename the folder.", {
      file: join(root, '__proto__'),
    });
  }
  if (names.length === 0) {
    throw new DatasetError('got no modality; expected folders <modality>/<class>/<name>.<ending>.', {
      file: root,
    });
  }
  return names;
}

/** The files of these modalities, and the names of all classes. */
export async function findFiles(
  root: string,
  names: readonly string[],
  signal?: AbortSignal,
): Promise<{ files: FilesByModality; classes: Set<string> }> {
  const files = new Map<string, Map<string, string>>();
  const classes = new Set<string>();
  for (const name of names) {
    const found = new Map<string, string>();
    for (const label of await foldersIn(join(root, name))) {
      signal?.throwIfAborted();
      classes.add(label);
      await addFiles(join(root, name, label), label, found);
    }
    files.set(name, found);
  }
  return { files, classes };
}

/** The samples with files in every modality, in the order of their ids, and the others as skipped. */
export function joinModalities(files: FilesByModality): {
  samples: FolderSample[];
  skipped: SkippedSample[];
} {
  const samples: FolderSample[] = [];
  const skipped: SkippedSample[] = [];
  const ids = new Set([...files.values()].flatMap((found) => [...found.keys()]));
  for (const id of [...ids].sort()) {
    const without = [...files].filter(([, found]) => !found.has(id)).map(([name]) => name);
    if (without.length > 0) skipped.push({ id, reason: `it has no file of ${without.join(', ')}` });
    else {
      const own = Object.fromEntries([...files].map(([name, found]) => [name, found.get(id)!]));
      samples.push({ id, label: id.slice(0, id.indexOf('/')), files: own });
    }
  }
  return { samples, skipped };
}

/** Why there is no sample. */
export function explainEmpty(files: FilesByModality, skipped: readonly SkippedSample[]): string {
  const counts = [...files].map(([name, found]) => `${found.size} files of ${name}`).join(', ');
  const first = skipped[0] ? ` The first, ${skipped[0].id}: ${skipped[0].reason}.` : '';
  return `got ${counts}, and no sample with a file of each; expected <modality>/<class>/<name>.<ending>.${first}`;
}

/** Names of the folders in a folder, including links to folders, sorted. */
async function foldersIn(path: string): Promise<string[]> {
  const names: string[] = [];
  for (const entry of await entriesOf(path)) {
    if (await isFolder(entry, join(path, entry.name))) names.push(entry.name);
  }
  return names.sort();
}

/** Adds the files of a class by their ids. */
async function addFiles(path: string, label: string, found: Map<string, string>): Promise<void> {
  for (const entry of await entriesOf(path)) {
    const { name, ext } = parse(entry.name);
    if (entry.isDirectory() || /^\.(txt|md|json|csv)$/i.test(ext)) continue;
    const file = join(path, entry.name);
    const id = `${label}/${name}`;
    const other = found.get(id);
    if (other !== undefined) {
      throw new DatasetError(`got sample ${id} twice, also as ${other}; expected it once. Remove one file.`, {
        file,
      });
    }
    found.set(id, file);
  }
}

/** The entries of a folder, without hidden ones. */
async function entriesOf(path: string) {
  try {
    return (await readdir(path, { withFileTypes: true })).filter(({ name }) => !name.startsWith('.'));
  } catch (cause) {
    throw folderError(path, cause);
  }
}
