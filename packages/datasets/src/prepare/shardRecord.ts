import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '@amr/internal/node';
import { z } from 'zod';
import { type ManifestShard, shardSchema } from '../prepared/manifest.js';
import { shardName } from './plan.js';

/** Record of a finished shard: its entry in the manifest, and the hash of what it was made from. */
const recordSchema = z.object({ key: z.string(), shard: shardSchema });

const recordFile = (out: string, number: number) => join(out, 'shards', `${shardName(number)}.json`);

/** Records that a shard is finished. Call this after the shard is written, so that no record lacks its shard. */
export function writeRecord(out: string, number: number, key: string, shard: ManifestShard): Promise<void> {
  const text = `${JSON.stringify({ key, shard })}\n`;
  return writeAtomically(recordFile(out, number), text);
}

/** The manifest's entry for a shard that is finished and was made from what `key` is a hash of; undefined when the shard must be written. */
export async function readRecord(
  out: string,
  number: number,
  key: string,
): Promise<ManifestShard | undefined> {
  try {
    const record = recordSchema.parse(JSON.parse(await readFile(recordFile(out, number), 'utf8')));
    if (record.key !== key) return undefined;
    const { file, bytes } = record.shard;
    if (file !== null && (await stat(join(out, file))).size !== bytes) return undefined;
    return record.shard;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Whether the record or the shard is missing, or the record is damaged: the shard has to be written.
    if (code === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
