import { DatasetError } from '../datasetError.js';
import type { Manifest, ManifestShard } from '../prepared/manifest.js';
import { writeManifest } from '../prepared/writeManifest.js';
import { readPlan } from './plan.js';
import { readRecord } from './shardRecord.js';

/**
 * Makes `manifest.json` of what processes that shared the work left in a folder; it equals that of a single run. The records
 * of the shards and `plan.json` stay, for runs to come; readers don't need them.
 * @param out the folder that all were prepared into
 * @returns the manifest
 * @throws {DatasetError} when shards are missing, or no sample could be read
 */
export async function mergePrepared(out: string): Promise<Manifest> {
  const plan = await readPlan(out);
  if (!plan) throw new DatasetError('nothing was prepared here: there is no plan.json', { file: out });
  const found = await Promise.all(plan.shards.map(({ key }, number) => readRecord(out, number, key)));
  const missing = found.flatMap((shard, number) => (shard ? [] : [number]));
  if (missing.length > 0) {
    const some = missing.slice(0, 8).join(', ');
    throw new DatasetError(
      `${missing.length} of ${found.length} shards are not prepared (${some}${missing.length > 8 ? ', ...' : ''}): ` +
        `prepare with the same options again, each share that was stopped or all of it; what is finished is kept`,
      { file: out },
    );
  }
  const shards = found as ManifestShard[];
  const samples = shards.reduce((sum, shard) => sum + shard.samples.length, 0);
  const damaged = shards.flatMap((shard) => shard.damaged);
  if (samples === 0) {
    const { file, reason } = damaged[0]!;
    throw new DatasetError(
      `none of the ${damaged.length} samples could be read; mend that and prepare again without skipDamaged. The first: ${reason}`,
      {
        file,
      },
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
