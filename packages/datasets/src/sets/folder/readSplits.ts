import { stat } from 'node:fs/promises';
import { z } from 'zod';
import { DatasetError } from '../../datasetError.js';
import { parseJson } from '../../source/parseJson.js';
import { readText } from '../../source/readWholeFile.js';
import type { SplitRule } from '../../source/splitRule.js';

/** Limit of the file's bytes. A million ids take fewer. */
const MAX_BYTES = 2 ** 28;
const splitsSchema = z.record(
  z.string(),
  z.strictObject({ train: z.array(z.string()), test: z.array(z.string()) }),
);

/**
 * The splits in a `splits.json`; none when there is no such file.
 * @param known ids of all samples
 * @throws {DatasetError} with `file` when it is damaged, names an unknown sample, or has a sample in both parts
 */
export async function readSplits(
  file: string,
  known: ReadonlySet<string>,
): Promise<{ [name: string]: SplitRule }> {
  if (!(await exists(file))) return {};
  const json = parseJson(await readText(file, MAX_BYTES), file);
  const result = splitsSchema.safeParse(json);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new DatasetError(
      `${path.join('.') || 'splits.json'}: got an error: ${message}; expected { "<split>": { "train": [ids], "test": [ids] } }.`,
      { file },
    );
  }
  for (const [name, { train, test }] of Object.entries(result.data)) {
    const unknown = [...train, ...test].find((id) => !known.has(id));
    if (unknown !== undefined) {
      throw new DatasetError(`${name}: got the unknown sample '${unknown}'; expected ids <class>/<name>.`, {
        file,
      });
    }
    const training = new Set(train);
    const both = test.find((id) => training.has(id));
    if (both !== undefined) {
      throw new DatasetError(`${name}: got '${both}' in train and in test; expected it in one of them.`, {
        file,
      });
    }
  }
  return Object.fromEntries(Object.entries(result.data).map(([name, ids]) => [name, { ids }]));
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  );
