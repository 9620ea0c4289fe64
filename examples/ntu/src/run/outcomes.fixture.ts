import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Shard } from '@amr/datasets/node';
import { RobustnessReport, type RobustnessReportJson } from '@amr/train';
import type { EvaluateJob } from './plan.js';
import type { RunRecord } from './runFolder.js';

/** Made-up outcomes of a part of an evaluation: every second clip is right, and a third of these are fooled. */
export function outcomesOf(
  { settings }: RunRecord,
  { suite, seed }: Pick<EvaluateJob, 'suite' | 'seed'>,
  clips: number,
  part: Shard = { index: 0, count: 1 },
): RobustnessReportJson {
  const { batchSize, suites } = settings.evaluation;
  const attacks = Object.values(suites[suite]!.attacks).map(({ title }) => title);
  const modalities = [settings.streams.video.modality, settings.streams.skeleton.modality];
  const budgets = Object.fromEntries(
    modalities.map((name) => [name, { norm: 'linf' as const, epsilon: 1, unit: 'one' }]),
  );
  const conditions = [...modalities.map((name) => [name]), modalities].map((attacked) => ({
    name: attacked.length > 1 ? 'both' : attacked[0]!,
    modalities: attacked,
    budgets: Object.fromEntries(attacked.map((name) => [name, budgets[name]!])),
    joint: false,
  }));
  const own = Array.from({ length: clips }, (_, i) => i).filter(
    (i) => Math.floor(i / batchSize) % part.count === part.index,
  );
  const clean = own.map((i) => i % 2);
  const fooled = own.map((i) => (i % 2 === 1 ? null : i % 6 === 0 ? 2 : 0));
  return new RobustnessReport({
    config: { samples: clips, classes: ['a', 'b', 'c'], conditions, attacks, batchSize, seed },
    shards: [part],
    samples: {
      ids: own.map((i) => `clip ${i}`),
      labels: own.map(() => 0),
      clean,
      attacked: Object.fromEntries(
        conditions.map(({ name }) => [name, Object.fromEntries(attacks.map((attack) => [attack, fooled]))]),
      ),
    },
    seconds: 1,
  }).toJSON();
}

/** Writes a result's file as a job would. */
export function writeResult(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(content));
}
