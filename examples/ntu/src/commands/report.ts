import { join } from 'node:path';
import { duration, readJson } from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import { compareReports, RobustnessReport } from '@amr/train';
import { STREAMS, trainJobs } from '../run/plan.js';
import { mergedOf, type RunRecord, trainedOf } from '../run/runFolder.js';
import type { Trained } from '../run/trainNetwork.js';
import type { Settings, TrainingSettings } from '../settings/settings.js';

/** The files of a report. */
export interface ReportFiles {
  /** The tables, for a terminal. */
  readonly text: string;
  /** Paths of the written files. */
  readonly files: readonly string[];
}

/**
 * Compares the networks of a run, one comparison for each suite of attacks: `report-<suite>.json`, `.md` and
 * `.html` in the run's folder.
 * @throws when an evaluation isn't merged yet
 */
export async function report(run: RunRecord, out: string): Promise<ReportFiles> {
  const { settings } = run;
  const texts: string[] = [];
  const files: string[] = [];
  for (const [suite, { title }] of Object.entries(settings.evaluation.suites)) {
    const reports = reportsOf(run, out, suite);
    const named = {
      baseline: settings.defences[settings.baseline]!.title,
      title: `${settings.dataset.title}, ${settings.dataset.split}: ${title}`,
    };
    const comparison = compareReports(reports, {
      ...named,
      settings: described(run, out, suite),
      notes: NOTES,
    });
    const base = join(out, `report-${suite}`);
    await writeAtomically(`${base}.json`, `${JSON.stringify(comparison.toJSON())}\n`);
    await writeAtomically(`${base}.md`, `${comparison.toMarkdown()}\n`);
    await writeAtomically(`${base}.html`, await comparison.toHTML());
    files.push(`${base}.json`, `${base}.md`, `${base}.html`);
    texts.push(named.title, compareReports(reports, named).toText());
  }
  return { text: [...texts, ...NOTES].join('\n\n'), files };
}

const NOTES = [
  "AMR's formula, its loss and its defaults are a reconstruction from what is public of arXiv 2407.19981; no number here reproduces one of the paper's.",
  'All networks of a seed start from the same two trained streams and train on the same clips in the same order.',
  'A defence that is robust against these attacks may still fail against stronger or adaptive ones.',
];

/** For each network, by its title, the reports of all seeds. */
function reportsOf(
  { settings }: RunRecord,
  out: string,
  suite: string,
): { [title: string]: RobustnessReport[] } {
  return Object.fromEntries(
    Object.entries(settings.defences).map(([network, { title }]) => [
      title,
      settings.seeds.map((seed) => {
        const json = readJson<object>(mergedOf(out, network, seed, suite));
        if (!json) {
          throw new Error(
            `report: got no result of ${suite} on ${network}, seed ${seed}; expected a merged evaluation. Run 'evaluate', then 'merge', with the same options.`,
          );
        }
        return RobustnessReport.fromJSON(json);
      }),
    ]),
  );
}

/** The settings that a reader needs to judge and repeat the numbers; the reports themselves hold budgets and conditions. */
function described(run: RunRecord, out: string, suite: string): { [name: string]: string } {
  const { settings } = run;
  const { evaluation, training, models, streams } = settings;
  const trained = trainJobs(settings, 1).map((job) => ({
    job,
    result: readJson<Trained>(trainedOf(out, job)),
  }));
  const seconds = trained.reduce((sum, { result }) => sum + (result?.seconds ?? 0), 0);
  return {
    preset: run.preset,
    clips: clipsOf(trained[0]?.result, evaluation.suites[suite]!.samples),
    networks: `${models.video.network} on ${streams.video.modality}, ${models.skeleton.network} on ${streams.skeleton.modality}`,
    'streams by themselves': trained
      .filter(({ job }) => job.stream)
      .map(({ job, result }) => `${job.network} seed ${job.seed}: ${percent(result?.testAccuracy)}`)
      .join('; '),
    'training of the streams': STREAMS.map(
      (stream) => `${stream} ${lengthOf(training[stream], settings)}`,
    ).join('; '),
    'training of the networks': lengthOf(training.joint, settings),
    'attack in adversarial training': attackOf(training.joint),
    'attack ends at its first success': evaluation.stopWhenFooled ? 'yes' : 'no',
    'time in training, added up': duration(seconds),
    seeds: settings.seeds.join(', '),
    backend: [...new Set(trained.map(({ result }) => result?.backend ?? 'unknown'))].join(', '),
  };
}

const lengthOf = ({ epochs, batchSize, optimizer }: TrainingSettings, { dataset }: Settings): string =>
  `${epochs * dataset.passes} epochs, batches of ${batchSize}, ${optimizer.kind} ${optimizer.learningRate}`;

function attackOf({ attack, cleanShare }: Settings['training']['joint']): string {
  const { steps, randomStart, conditions } = attack;
  const where = conditions === 'both' ? 'both inputs at once' : 'each input and both in turn';
  const start = randomStart ? ' from a random start' : '';
  return `PGD-${steps}${start} on ${where}${cleanShare > 0 ? `; ${percent(cleanShare)} of the loss is clean clips'` : ''}`;
}

function clipsOf(result: Trained | undefined, samples: number | 'all'): string {
  if (!result) return 'unknown';
  const { train, test } = result.clips;
  const part =
    samples === 'all' || samples >= test ? '' : `, of which ${samples}, evenly spaced, are attacked`;
  return `${train} to train on, ${test} to test on${part}`;
}

const percent = (share: number | undefined): string =>
  share === undefined ? 'unknown' : `${(100 * share).toFixed(1)} %`;
