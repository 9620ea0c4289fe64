import { z } from 'zod';
import { DatasetError } from '../datasetError.js';
import { parseJson } from '../source/parseJson.js';
import type { SkippedSample, StoredModality } from '../source/sourceFormat.js';
import type { SplitRule } from '../source/splitRule.js';

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

/** One shard: `samples` are in the same order in the file and in the manifest. */
export const shardSchema = z.object({
  /** Path relative to the manifest, such as `shards/00000.safetensors`; null when all its samples were damaged. */
  file: z.string().nullable(),
  /** Bytes of the file. */
  bytes: size,
  /** SHA-256 of the whole file. */
  sha256: sha256.nullable(),
  /** Size in bytes and CRC-32 of the head: the header and the checksums at the beginning of the file. */
  head: z.object({ bytes: size, crc32: size }).nullable(),
  samples: z.array(sample),
  /** Samples of this shard that could not be read. */
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
  /** Options that the data was prepared with; for information only. */
  options: z.unknown(),
  counts: z.object({ samples: size, leftOut: size, damaged: size, shards: size }),
  leftOut: z.array(z.object({ id: z.string(), reason: z.string() })),
  shards: z.array(shardSchema),
});

/** What a manifest says of a sample in a shard. */
export interface ManifestSample {
  /** Unique in the data set. */
  id: string;
  /** Index into the classes. */
  label: number;
  /** Whole numbers that splits go by: `subject`, `camera`, ... */
  tags: { [name: string]: number };
  /** Numbers that were noted when the sample was prepared: `frames` in its file, `bodies`. */
  facts?: { [name: string]: number };
}

/** A sample that could not be read and is missing from its shard. */
export interface DamagedSample {
  /** The sample's id. */
  id: string;
  /** The damaged file, when it is known. */
  file?: string;
  /** What is wrong with the file, and where. */
  reason: string;
}

/** What the manifest says of a shard: `samples` are in the same order in the file and in the manifest. */
export interface ManifestShard {
  /** Path relative to the manifest, such as `shards/00000.safetensors`; null when all its samples were damaged. */
  file: string | null;
  /** Bytes of the file. */
  bytes: number;
  /** SHA-256 of the whole file, as hexadecimal digits. */
  sha256: string | null;
  /** Header and checksums, the first part of the file. */
  head: {
    /** Their size in bytes. */
    bytes: number;
    /** Their CRC-32. */
    crc32: number;
  } | null;
  /** The samples in the file. */
  samples: ManifestSample[];
  /** Samples of this shard that could not be read. */
  damaged: DamagedSample[];
}

/** What `manifest.json` holds. */
export interface Manifest {
  /** Names the kind of file. */
  format: 'amr-prepared';
  /** Version of the manifest's format. */
  version: 1;
  /** Short name of the data set: `'ntu60'`. */
  dataset: string;
  /** Names of the classes. */
  classes: string[];
  /** What each sample holds, by name. */
  modalities: { [name: string]: StoredModality };
  /** The protocols of evaluation, by name. */
  splits: { [name: string]: SplitRule };
  /** Options that the data was prepared with; for information only. */
  options?: unknown;
  /** Numbers of samples and shards. */
  counts: {
    /** Samples in the shards. */
    samples: number;
    /** Samples that were left out on purpose. */
    leftOut: number;
    /** Samples that could not be read. */
    damaged: number;
    /** Shards, including those without a file. */
    shards: number;
  };
  /** Samples that were left out on purpose, and why. */
  leftOut: SkippedSample[];
  /** The shards, in order. */
  shards: ManifestShard[];
}

/**
 * Checks a manifest.
 * @param text the file's content
 * @param file its name, for errors
 * @throws {DatasetError} when the text is not a manifest of this format, or contradicts itself
 */
export function parseManifest(text: string, file: string): Manifest {
  const json = parseJson(text, file, 'prepare the data again');
  const result = manifestSchema.safeParse(json);
  if (!result.success) {
    const { path, message } = result.error.issues[0]!;
    throw new DatasetError(
      `${path.join('.') || 'manifest'}: got another value; expected that of a manifest of version 1 (${message}). Prepare the data again.`,
      { file },
    );
  }
  const manifest = result.data;
  const samples = manifest.shards.flatMap((shard) => shard.samples);
  if (samples.length !== manifest.counts.samples || manifest.shards.length !== manifest.counts.shards) {
    throw new DatasetError(
      `shards: got ${samples.length} samples in ${manifest.shards.length} shards; expected ${manifest.counts.samples} in ${manifest.counts.shards}, as in "counts". Prepare the data again.`,
      { file },
    );
  }
  const beyond = samples.find(({ label }) => label >= manifest.classes.length);
  if (beyond) {
    throw new DatasetError(
      `sample '${beyond.id}': got label ${beyond.label}; expected one below ${manifest.classes.length}, the number of classes. Prepare the data again.`,
      { file },
    );
  }
  return manifest;
}
