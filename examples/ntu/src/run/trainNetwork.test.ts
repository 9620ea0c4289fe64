import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mergeReports, RobustnessReport, type RobustnessReportJson, restoreWeights } from '@amr/train';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildDefence, buildStream } from '../models.js';
import { evaluatePart } from './evaluatePart.js';
import { type EvaluateJob, evaluateJobs, STREAMS, type TrainJob, trainJobs } from './plan.js';
import { checkpointOf } from './runFolder.js';
import { CLASSES, CLIPS, prepareSmall, smallRun, smallSettings } from './smallRun.fixture.js';
import { type JobContext, trainNetwork } from './trainNetwork.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'train-'));
  await prepareSmall(folder);
  for (const stream of STREAMS) await trainNetwork(jobOf(stream), contextOf());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = smallSettings();
const jobOf = (network: string): TrainJob =>
  trainJobs(settings, CLIPS).find((job) => job.network === network)!;
const contextOf = (changed: Partial<JobContext> = {}): JobContext => ({
  run: smallRun(folder),
  out: join(folder, 'run'),
  backend: 'cpu',
  readers: 0,
  signal: new AbortController().signal,
  report: () => {},
  ...changed,
});
const readCheckpoint = (network: string, out = join(folder, 'run')) =>
  new Uint8Array(readFileSync(checkpointOf(out, network, 1)));
function weightsOf(model: LayersModel, checkpoint: Uint8Array): Map<string, number[]> {
  restoreWeights(model, checkpoint);
  return new Map(model.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));
}
const defenceWeights = (network: string, out?: string) =>
  weightsOf(buildDefence(settings, network, 1, 3).model, readCheckpoint(network, out));

describe('trainNetwork', () => {
  it('starts a two-stream network from the weights of the trained streams', async () => {
    // A learning rate that changes no float: the final weights are the initial ones, apart from moving statistics.
    const still = smallSettings([
      'training.joint.optimizer.learningRate=1e-30',
      'training.joint.epochs=1',
      'training.joint.weightDecay=0',
    ]);
    const out = join(folder, 'run');
    const trained = await trainNetwork(
      jobOf('undefended'),
      contextOf({ run: smallRun(folder, still), report: () => {} }),
    );
    expect(trained).toMatchObject({
      clips: { train: CLIPS, test: CLIPS },
      backend: 'cpu',
      history: [{ epoch: 0 }],
    });
    expect([0, 1, 2, 3, 4].map((right) => right / CLIPS)).toContain(trained!.testAccuracy);
    const joint = defenceWeights('undefended');
    const untrained = new Map(
      buildDefence(settings, 'undefended', 1, 3).model.weights.map((weight) => [
        weight.originalName,
        [...weight.read().dataSync()],
      ]),
    );
    for (const stream of STREAMS) {
      const { model, encoders } = buildStream(settings, stream, 1, 3);
      const own = weightsOf(model, readCheckpoint(stream));
      const kernels = encoders[stream]!.model.trainableWeights.map(({ originalName }) => originalName);
      expect(kernels.length).toBeGreaterThan(4);
      for (const name of kernels) expect([name, joint.get(name)]).toEqual([name, own.get(name)]);
      expect(kernels.some((name) => `${untrained.get(name)}` !== `${own.get(name)}`)).toBe(true);
    }
    rmSync(join(out, 'seed1', 'undefended'), { recursive: true });
  });

  it('gives the same weights when it was stopped after an epoch and resumed', async () => {
    const whole = join(folder, 'run');
    const parted = join(folder, 'parted');
    cpSync(join(whole, 'seed1'), join(parted, 'seed1'), { recursive: true });
    const job = jobOf('amr-at');
    expect(await trainNetwork(job, contextOf())).toBeDefined();

    const controller = new AbortController();
    const stopping = contextOf({
      out: parted,
      signal: controller.signal,
      report: ({ text }) => text.startsWith('epoch 2/2') && controller.abort(),
    });
    expect(await trainNetwork(job, stopping)).toBeUndefined();
    const texts: string[] = [];
    const rest = await trainNetwork(job, contextOf({ out: parted, report: ({ text }) => texts.push(text) }));
    expect(texts[0]).toMatch(/^epoch 2\/2/);
    expect(rest?.history).toHaveLength(2);
    expect(defenceWeights('amr-at', parted)).toEqual(defenceWeights('amr-at', whole));
  });

  it('names the missing stream', async () => {
    await expect(trainNetwork(jobOf('pgd-at'), contextOf({ out: join(folder, 'empty') }))).rejects.toThrow(
      /seed1.video.checkpoint\.safetensors: got no such file; .*Train the streams first/,
    );
  });
});

describe('evaluatePart', () => {
  it('gives parts that merge into the undivided evaluation', async () => {
    const jobs = evaluateJobs(settings, CLIPS).filter(
      ({ network, suite }) => network === 'amr-at' && suite === 'gradient',
    );
    expect(jobs.map(({ part }) => part)).toEqual([0, 1].map((index) => ({ index, count: 2 })));
    const parts: RobustnessReportJson[] = [];
    // In another order than that of the parts.
    for (const job of [...jobs].reverse()) parts.push(await evaluatePart(job, contextOf()));
    const whole = await evaluatePart({ ...jobs[0]!, part: { index: 0, count: 1 } }, contextOf());
    const merged = mergeReports(parts.map((json) => RobustnessReport.fromJSON(json)));
    const { data } = RobustnessReport.fromJSON(whole);
    expect(merged.data.config).toEqual(data.config);
    expect(merged.data.samples).toEqual(data.samples);
    expect(data.samples.ids).toHaveLength(CLIPS);
    expect(data.config.classes).toEqual(CLASSES);
    expect(merged.weights!.clean['rgb']).toBeCloseTo(new RobustnessReport(data).weights!.clean['rgb']!, 6);
  });

  it('stops between attacks, and names the untrained network', async () => {
    const job: EvaluateJob = evaluateJobs(settings, CLIPS).find(({ network }) => network === 'amr-at')!;
    const controller = new AbortController();
    const context = contextOf({ signal: controller.signal, report: () => controller.abort() });
    await expect(evaluatePart(job, context)).rejects.toThrow(/abort/);
    await expect(evaluatePart({ ...job, network: 'pgd-at' }, contextOf())).rejects.toThrow(
      /got no such file; .*Train pgd-at first/,
    );
  });
});
