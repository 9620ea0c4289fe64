import { z } from 'zod';
import { DatasetError } from '../datasetError.js';

const size = z.int().nonnegative();
const modality = z.object({
  dtype: z.enum(['uint8', 'float32']),
  shape: z.array(z.int().positive()).min(1),
  kind: z.enum(['video', 'skeleton', 'keypoints', 'series']),
  unit: z.string(),
  scale: z.number().optional(),
  range: z.tuple([z.number(), z.number()]).optional(),
});
const split = z.union([
  z.object({ by: z.string(), train: z.array(z.int()), test: z.array(z.int()).optional() }),
  z.object({ ids: z.object({ train: z.array(z.string()), test: z.array(z.string()) }) }),
]);
const sample = z.object({
  id: z.string(),
  label: size,
  tags: z.record(z.string(), z.int()),
  facts: z.record(z.string(), z.number()).optional(),
});
const damaged = z.object({ id: z.string(), file: z.string().optional(), reason: z.string() });
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One shard: `samples` follow one another in the file in this order, and in the manifest. */
export const shardSchema = z.object({
  /** Path relative to the manifest, such as `shards/00000.safetensors`; null when all its samples were damaged. */
  file: z.string().nullable(),
  /** Bytes of the file. */
  bytes: size,
  /** SHA-256 of the whole file. */
  sha256: sha256.nullable(),
  /** How many bytes the header and the checksums take at the beginning of the file, and their CRC-32. */
  head: z.object({ bytes: size, crc32: size }).nullable(),
  samples: z.array(sample),
  /** Samples that should be in this shard and could not be read. */
  damaged: z.array(damaged),
});

/** `manifest.json` of a folder of prepared shards. */
export const manifestSchema = z.object({
  format: z.literal('amr-prepared'),
  version: z.literal(1),
  dataset: z.string(),
  classes: z.array(z.string()).min(1),
  modalities: z.record(z.string(), modality),
  splits: z.record(z.string(), split),
  /** What the data set's files were prepared with; only to look at. */
  options: z.unknown(),
  counts: z.object({ samples: size, leftOut: size, damaged: size, shards: size }),
  leftOut: z.array(z.object({ id: z.string(), reason: z.string() })),
  shards: z.array(shardSchema),
});

/** What `manifest.json` holds. */
export type Manifest = z.infer<typeof manifestSchema>;
/** What the manifest says of a shard. */
export type ManifestShard = z.infer<typeof shardSchema>;

/**
 * Checks a manifest.
 * @param text the file's content
 * @param file its name, for errors
 * @throws {DatasetError} when it is no manifest of this format, or doesn't agree with itself
 */
export function parseManifest(text: string, file: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DatasetError(`not JSON (${(cause as Error).message}); prepare the data anew`, { file, cause });
  }
  const result = manifestSchema.safeParse(json);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new DatasetError(
      `not a manifest of this version: ${path.join('.') || 'it'}: ${message}; prepare the data anew`,
      { file },
    );
  }
  const manifest = result.data;
  const samples = manifest.shards.flatMap((shard) => shard.samples);
  if (samples.length !== manifest.counts.samples || manifest.shards.length !== manifest.counts.shards) {
    throw new DatasetError(
      `the shards list ${samples.length} samples in ${manifest.shards.length} shards, "counts" says ${manifest.counts.samples} in ${manifest.counts.shards}`,
      { file },
    );
  }
  const beyond = samples.find(({ label }) => label >= manifest.classes.length);
  if (beyond) {
    throw new DatasetError(
      `sample '${beyond.id}' has label ${beyond.label}, there are ${manifest.classes.length} classes`,
      { file },
    );
  }
  return manifest;
}
