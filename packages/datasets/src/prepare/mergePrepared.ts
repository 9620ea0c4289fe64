import { DatasetError } from '../datasetError.js';
import type { Manifest, ManifestShard } from '../prepared/manifest.js';
import { writeManifest } from '../prepared/writeManifest.js';
import { readPlan } from './plan.js';
import { readRecord } from './shardRecord.js';

/**
 * Writes `manifest.json` from the records of the shards, which several processes may have written. The manifest equals that of
 * a single run. The records and `plan.json` are kept for later runs; readers don't need them.
 * @param out the folder that all processes prepared into
 * @returns the manifest
 * @throws {DatasetError} when shards are missing, or no sample could be read
 */
export async function mergePrepared(out: string): Promise<Manifest> {
  const plan = await readPlan(out);
  if (!plan) {
    throw new DatasetError('got no plan.json; expected a folder that prepare has written into.', {
      file: out,
    });
  }
  const found = await Promise.all(plan.shards.map(({ key }, number) => readRecord(out, number, key)));
  const missing = found.flatMap((shard, number) => (shard ? [] : [number]));
  if (missing.length > 0) {
    const some = missing.slice(0, 8).join(', ') + (missing.length > 8 ? ', ...' : '');
    throw new DatasetError(
      `got ${found.length - missing.length} of ${found.length} shards; expected all. Missing: ${some}. ` +
        `Prepare with the same options again: finished shards are kept.`,
      { file: out },
    );
  }
  const shards = found as ManifestShard[];
  const samples = shards.reduce((sum, shard) => sum + shard.samples.length, 0);
  const damaged = shards.flatMap((shard) => shard.damaged);
  if (samples === 0) {
    const { file, reason } = damaged[0]!;
    throw new DatasetError(
      `got ${damaged.length} damaged samples and no other; expected at least one that can be read. Prepare again without skipDamaged. The first: ${reason}`,
      { file },
    );
  }
  const { dataset, classes, modalities, splits, options, leftOut } = plan;
  const manifest: Manifest = {
    format: 'amr-prepared',
    version: 1,
    dataset,
    classes,
    modalities,
    splits,
    options,
    counts: { samples, leftOut: leftOut.length, damaged: damaged.length, shards: shards.length },
    leftOut,
    shards,
  };
  await writeManifest(out, manifest);
  return manifest;
}
