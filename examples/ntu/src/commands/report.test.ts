import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { outcomesOf, writeResult } from '../run/outcomes.fixture.js';
import { evaluateJobs, trainJobs } from '../run/plan.js';
import { mergedOf, trainedOf } from '../run/runFolder.js';
import { smallRun, smallSettings } from '../run/smallRun.fixture.js';
import type { Trained } from '../run/trainNetwork.js';
import { report } from './report.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'report-'));
});
afterEach(() => rmSync(out, { recursive: true, force: true }));

const run = smallRun('unused', { ...smallSettings(), seeds: [1, 2] });
const jobs = evaluateJobs(run.settings, 12);

function writeTrainings(): void {
  for (const job of trainJobs(run.settings, 12)) {
    const trained: Trained = {
      history: [],
      seconds: 60,
      parameters: 5,
      backend: 'cpu',
      clips: { train: 20, test: 12 },
      testAccuracy: job.network === 'video' ? 0.25 : 0.755,
    };
    writeResult(trainedOf(out, job), trained);
  }
}
const writeEvaluations = (left = '') => {
  for (const job of jobs) {
    const file = mergedOf(out, job.network, job.seed, job.suite);
    if (!file.includes(left) || left === '') writeResult(file, outcomesOf(run, job, 12));
  }
};

describe('report', () => {
  it('compares the networks in a table, JSON and a page for each suite', async () => {
    writeTrainings();
    writeEvaluations();
    const { text, files } = await report(run, out);
    expect(files.map((file) => basename(file))).toEqual(
      ['gradient', 'autoattack'].flatMap((suite) =>
        ['json', 'md', 'html'].map((kind) => `report-${suite}.${kind}`),
      ),
    );
    const [json, md, html] = files.map((file) => readFileSync(file, 'utf8'));
    const { title, baseline, comparison, reports } = JSON.parse(json!);
    const { settings } = JSON.parse(readFileSync(files[3]!, 'utf8'));
    expect({ title, baseline }).toEqual({
      title: 'NTU RGB+D 60, xsub: FGSM, PGD-20 and CW',
      baseline: 'undefended',
    });
    expect(comparison.map(({ attack }: { attack: string }) => attack)).toEqual(['FGSM', 'PGD-20', 'CW-20']);
    expect(comparison[0].models).toHaveLength(3);
    // Every second clip of 12 is right; a third of these are fooled.
    expect(comparison[0].models[1]).toMatchObject({
      name: 'PGD-AT',
      seeds: 2,
      clean: { value: 0.5 },
      robust: { rgb: { value: 1 / 3 }, skeleton: { value: 1 / 3 }, both: { value: 1 / 3 } },
      improvement: { value: 0 },
    });
    expect(reports['AMR + AT']).toHaveLength(2);
    expect(settings).toMatchObject({
      clips: '20 to train on, 12 to test on, of which 8, evenly spaced, are attacked',
      'streams by themselves': expect.stringMatching(/^video seed 1: 25\.0 %; skeleton seed 1: 75\.5 %; /),
      'training of the streams':
        'video 1 epochs, batches of 3, adam 0.003; skeleton 1 epochs, batches of 3, adam 0.003',
      'attack in adversarial training': 'PGD-1 from a random start on both inputs at once',
      seeds: '1, 2',
      backend: 'cpu',
    });
    for (const page of [md!, html!]) {
      expect(page).toContain('reconstruction from what is public of arXiv 2407.19981');
      expect(page).toContain('75.5 %');
    }
    expect(html).toContain('<title>NTU RGB+D 60, xsub: FGSM, PGD-20 and CW</title>');
    expect(text.match(/reconstruction/g)).toHaveLength(1);
    expect(text).toMatch(/xsub: FGSM, PGD-20 and CW\n\nFGSM .*xsub: AutoAttack, cut short\n\nAutoAttack/s);
  });

  it('names the missing evaluation', async () => {
    writeTrainings();
    writeEvaluations(join('seed2', 'amr-at', 'autoattack'));
    await expect(report(run, out)).rejects.toThrow(
      "report: got no result of autoattack on amr-at, seed 2; expected a merged evaluation. Run 'evaluate', then 'merge'",
    );
  });
});
