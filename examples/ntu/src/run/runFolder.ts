import { join } from 'node:path';
import { readJson } from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import type { Run } from '../run.js';
import type { Settings } from '../settings/settings.js';
import type { EvaluateJob, TrainJob } from './plan.js';

/** Content of `run.json`: the run that a folder holds. */
export interface RunRecord {
  readonly preset: string;
  readonly data: string;
  /** The folder of prepared data. */
  readonly prepared: string;
  readonly settings: Settings;
}

/**
 * Claims a folder for a run: writes its settings first, and refuses a folder that holds a run with other settings. More
 * seeds add to a run. Several processes may claim the same folder for the same run.
 */
export async function claim(run: Run): Promise<RunRecord> {
  const { settings, names, prepared, out } = run;
  const record: RunRecord = { preset: names.preset, data: names.data, prepared, settings };
  const held = refuseOther(run);
  const text = `${JSON.stringify(record, null, 2)}\n`;
  // The processes of an array job write the same content, so the last one may win.
  if (JSON.stringify(held, null, 2) !== text.trimEnd()) await writeAtomically(join(out, 'run.json'), text);
  return record;
}

/**
 * Checks the folder as {@link claim} does, and writes nothing.
 * @returns the same run, when the folder holds it already
 * @throws when the folder holds a run with other settings
 */
export function refuseOther({ settings, out }: Run): RunRecord | undefined {
  const file = join(out, 'run.json');
  const held = readJson<RunRecord>(file);
  if (held === undefined) return undefined;
  if (!isGroup(held) || !isGroup(held.settings)) {
    throw new Error(
      `${file}: got something else than a run; expected its settings. Choose another --out, or delete it.`,
    );
  }
  const differing = differences(held.settings, settings);
  if (differing.length === 0) return held;
  throw new Error(
    `--out: got ${out}, which holds a run with other settings (${differing.slice(0, 3).join('; ')}); expected an empty folder, or one of the same run. Choose another --out, or delete the folder.`,
  );
}

/** `training.joint.epochs: 8 there, 9 here` for each setting that differs; seeds and jobs may. */
function differences(held: unknown, given: unknown, path: string[] = []): string[] {
  if (path.length === 1 && ['seeds', 'jobs'].includes(path[0]!)) return [];
  if (isGroup(held) && isGroup(given)) {
    const names = new Set([...Object.keys(held), ...Object.keys(given)]);
    return [...names].flatMap((name) => differences(held[name], given[name], [...path, name]));
  }
  const [there, here] = [held, given].map((value) => JSON.stringify(value) ?? 'nothing');
  return there === here ? [] : [`${path.join('.')}: ${there} there, ${here} here`];
}

const isGroup = (value: unknown): value is { [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The folder of a network: `seed1/amr-at`. */
const folderOf = (out: string, network: string, seed: number): string => join(out, `seed${seed}`, network);

/** Checkpoint of a training; when it is finished, its last weights. */
export const checkpointOf = (out: string, network: string, seed: number): string =>
  join(folderOf(out, network, seed), 'checkpoint.safetensors');

/** Exists when a network is trained: its history. */
export const trainedOf = (out: string, { network, seed }: Pick<TrainJob, 'network' | 'seed'>): string =>
  join(folderOf(out, network, seed), 'trained.json');

/** Outcomes of one part of an evaluation. */
export const partOf = (out: string, { network, seed, suite, part }: EvaluateJob): string =>
  join(folderOf(out, network, seed), suite, `part-${part.index + 1}of${part.count}.json`);

/** Outcomes of a whole evaluation, written by `merge`. */
export const mergedOf = (out: string, network: string, seed: number, suite: string): string =>
  join(folderOf(out, network, seed), `${suite}.json`);
