import { join } from 'node:path';
import { writeAtomically } from '@amr/internal/node';
import { type Manifest, parseManifest } from './manifest.js';
import { MANIFEST_FILE } from './preparedShards.js';

/**
 * Writes the manifest of a folder of shards atomically: one line for each field, and one for each shard.
 * @throws {DatasetError} when the manifest contradicts itself; then nothing is written
 */
export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  const path = join(folder, MANIFEST_FILE);
  const { shards, ...fields } = manifest;
  const lines = Object.entries(fields).map(
    ([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`,
  );
  const text = `{\n${lines.join(',\n')},\n"shards": [\n${shards.map((shard) => JSON.stringify(shard)).join(',\n')}\n]\n}\n`;
  parseManifest(text, path);
  await writeAtomically(path, text);
}
