import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '@amr/internal/node';
import { z } from 'zod';
import { type ManifestShard, shardSchema } from '../prepared/manifest.js';
import { shardName } from './plan.js';

/** A finished shard: what the manifest will say of it, and the hash of what it was made from. */
const recordSchema = z.object({ key: z.string(), shard: shardSchema });

const recordFile = (out: string, number: number) => join(out, 'shards', `${shardName(number)}.json`);

/** Notes that a shard is finished. It is written after the shard itself: a record without its shard can't be. */
export function writeRecord(out: string, number: number, key: string, shard: ManifestShard): Promise<void> {
  const text = `${JSON.stringify({ key, shard })}\n`;
  return writeAtomically(recordFile(out, number), text);
}

/** What is known of a shard that is finished and was made from what `key` says; undefined when it must be made. */
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
    // A record that is damaged, or missing, or whose shard is, has one remedy: to make the shard.
    if (code === 'ENOENT' || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}
