import { join } from 'node:path';
import { duration, readJson } from '@amr/example-jobs';
import { writeAtomically } from '@amr/internal/node';
import { compareReports, mergeReports, type RobustnessCurve, RobustnessReport } from '@amr/train';
import { bonesOf, type SharedData } from './data.js';
import type { Examples } from './jobs.js';
import { clipFigure } from './pictures.js';
import { DEFENCES, type Defence, type Job, plan, resultOf } from './plan.js';
import type { Settings } from './settings.js';

const NAMES: { readonly [defence in Defence]: string } = {
  undefended: 'undefended',
  'pgd-at': 'PGD-AT',
  'amr-at': 'AMR + AT',
};

export interface Outcome {
  settings: Settings;
  out: string;
  data: SharedData;
  backend: string;
}

/** Merges the results of all jobs and writes report.json and report.html. @returns the table, and the paths of the files */
export async function writeReport({ settings, out, data, backend }: Outcome) {
  const { video, skeleton, training, evaluation, seeds } = settings;
  const jobs = plan(settings, { train: data.train.labels.length, test: data.test.labels.length });
  const result = <T>(job: Job): T => readJson<T>(resultOf(out, job))!;
  const reports: { [model: string]: RobustnessReport[] } = {};
  const curves: { [model: string]: RobustnessCurve } = {};
  let seconds = 0;
  for (const defence of DEFENCES) {
    reports[NAMES[defence]] = seeds.map((seed) =>
      mergeReports(
        jobs
          .filter((job) => job.kind === 'evaluate' && job.defence === defence && job.seed === seed)
          .map((job) => RobustnessReport.fromJSON(result(job))),
      ),
    );
    for (const job of jobs) {
      if (job.kind === 'curve' && job.defence === defence) curves[NAMES[defence]] = result(job);
      if (job.kind === 'train' && job.defence === defence)
        seconds += result<{ seconds: number }>(job).seconds;
    }
  }
  const examples = jobs.find((job) => job.kind === 'examples');
  const { clips } = examples ? result<Examples>(examples) : { clips: [] };

  const comparison = compareReports(reports, {
    baseline: NAMES.undefended,
    title: `Two-stream action recognition under attack: ${settings.preset}`,
    curves,
    figures: clips.map((clip) => ({
      title: `${clip.truth} (${clip.id})`,
      caption: `Under PGD-${evaluation.steps} on both inputs the undefended model says "${clip.attackedPrediction}"; AMR + AT under the same attack says "${clip.defendedPrediction}".`,
      svg: clipFigure(clip, bonesOf(settings.data)),
    })),
    settings: {
      data:
        settings.data.kind === 'generated'
          ? `generated clips, seed ${settings.data.seed}`
          : 'UTD-MHAD (depth and skeleton), cross-subject',
      clips: `${data.train.labels.length} to train on, ${evaluation.samples ?? data.test.labels.length} to test on, ${data.train.classes.length} classes`,
      [`${video.modality} budget`]: `linf, ${Math.round(video.epsilon * 255)}/255`,
      'skeleton budget': `linf, ${skeleton.epsilon} m`,
      training: `${training.epochs} epochs, batches of ${training.batchSize}, Adam ${training.learningRate} with warm-up and cosine decay, weight decay ${training.weightDecay}, dropout ${training.dropout}; the same for every model`,
      'adversarial training': `PGD-${training.attackSteps} on both inputs at once, random start`,
      'time in training': duration(seconds),
      seeds: seeds.join(', '),
      backend,
    },
    notes: [
      "AMR's formula, its loss and its defaults are a reconstruction from what is public of arXiv 2407.19981; no number here reproduces one of the paper's.",
      'AMR + AT differs from PGD-AT in two things: the reweighter, and the auxiliary heads that its loss trains.',
      'FGSM and PGD-20 are a first test. A defence that is robust against them may still fail against stronger attacks.',
    ],
  });
  const json = join(out, 'report.json');
  const html = join(out, 'report.html');
  await writeAtomically(json, `${JSON.stringify(comparison.toJSON())}\n`);
  await writeAtomically(html, await comparison.toHTML());
  return { text: comparison.toText(), json, html };
}
