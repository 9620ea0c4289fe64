import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, writeNtuLayout } from '@amr/datasets/node';
import { afterEach, beforeEach, expect, describe as group, it } from 'vitest';
import { prepareOptions } from '../prepareOptions.js';
import { runOf } from '../run.js';
import { describe } from './describe.js';
import { estimate } from './estimate.js';
import { planRun } from './planRun.js';

const hasFfmpeg = spawnSync(process.env['FFMPEG_PATH'] ?? 'ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('no ffmpeg: a dry run on prepared clips is not tested');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ntu-dry-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const SMALL = [
  'prepare.video.frames=4',
  'prepare.video.size=18',
  'models.video.size=16',
  'models.video.width=4',
  'prepare.skeleton.frames=8',
  'models.skeleton.width=4',
  'models.skeleton.blocks=[1]',
  'models.video.blocks=[1]',
  'models.video.strides=[[1, 2, 2]]',
  'streams.skeleton.persons=1',
  'prepare.skeleton.persons=1',
  'training.joint.batchSize=2',
  'training.video.batchSize=2',
  'training.skeleton.batchSize=2',
  'defences.pgd-at=null',
];
const runIn = (root: { [name: string]: string } = {}, set: string[] = []) =>
  runOf({ preset: 'smoke', data: 'ntu60', set: [...SMALL, ...set], root, out: join(folder, 'run') }, {});
const { signal } = new AbortController();

it('uses the published counts when nothing is prepared, and measures nothing without `measure`', async () => {
  const run = runIn();
  const result = await planRun(run, { measure: false, backend: 'cpu', signal });
  expect(result.clips).toEqual({ train: 40091, test: 16487, classes: 60, prepared: false });
  expect(result.disk).toBe((40091 + 16487) * (4 * 18 * 18 * 3 + 4 * 8 * 25 * 3));
  expect(Object.keys(result.networks)).toEqual(['video', 'skeleton', 'undefended', 'amr-at']);
  expect(result.time).toBeUndefined();
  const { video, skeleton, undefended } = result.networks;
  expect(undefended!.multiplyAdds).toBeGreaterThan(video!.multiplyAdds + skeleton!.multiplyAdds - 60 * 100);
  expect(video!.memory.total).toBe(
    video!.memory.weights + video!.memory.optimizer + video!.memory.activations,
  );
  const text = describe(result, run);
  expect(text).toContain('as published; nothing is prepared yet');
  expect(text).toMatch(/size: 18 # --set prepare\.video\.size=18/);
  expect(text).toMatch(/epsilon: 0\.02 # .*ntu60\.yaml:\d+:\d+/);
});

it.skipIf(!hasFfmpeg)('counts prepared clips, and measures every kind of step', async () => {
  const { skeletons, videos } = await writeNtuLayout(join(folder, 'raw'), {
    classes: ['wave', 'kick'],
    samplesPerClass: 3,
    subjects: 4,
    views: 1,
    frames: 8,
  });
  const run = runIn({ skeletons, videos }, ['defences.undefended=null', 'baseline=amr-at']);
  const { manifest } = await prepare('ntu60', prepareOptions(run), { out: run.prepared, workers: 0 });
  const result = await planRun(run, { backend: 'cpu', signal });
  expect(result.clips).toMatchObject({ classes: 60, prepared: true });
  expect([result.clips.train, result.clips.test]).toEqual([4, 2]);
  const stored = manifest!.shards.reduce((sum, { bytes, head }) => sum + bytes - head!.bytes, 0);
  expect(result.disk).toBe(stored);
  const { video } = result.networks;
  const defended = result.networks['amr-at']!;
  expect(video!.measured!.train).toBeGreaterThan(0);
  expect(video!.measured).not.toHaveProperty('gradient');
  expect(video!.measured).not.toHaveProperty('attackStep');
  expect(defended.measured!.attackStep).toBeGreaterThan(0);
  expect(Object.keys(defended.measured!.gradient!)).toEqual(['rgb', 'skeleton', 'both']);
  expect(result.time!.parts.map(({ stage, network }) => `${stage} ${network}`)).toEqual([
    'training video',
    'training skeleton',
    'training amr-at',
    'gradient amr-at',
    'autoattack amr-at',
  ]);
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(describe(result, run)).toMatch(/attack rgb +attack skeleton +attack both\n/);
});

group('estimate', () => {
  it('adds the parts up', () => {
    const { settings } = runOf(
      {
        preset: 'smoke',
        data: 'utd-mhad',
        root: {},
        seeds: [1, 2],
        set: [
          'dataset.passes=2',
          'training.joint.epochs=5',
          'training.joint.attack.steps=3',
          'evaluation.suites.autoattack=null',
          'evaluation.suites.gradient={ samples: 10, attacks: { fgsm: null, cw-20: null } }',
        ],
      },
      {},
    );
    const gradient = { rgb: 0.1, skeleton: 0.2, both: 0.3 };
    const speeds = {
      video: { train: 1 },
      skeleton: { train: 2 },
      undefended: { train: 3, forward: 1, gradient },
      'pgd-at': { train: 3, attackStep: 4, forward: 1, gradient },
      'amr-at': { train: 5, attackStep: 6, forward: 1, gradient: { ...gradient, both: 1.3 } },
    };
    const counts = { train: 100, test: 7, classes: 27, prepared: true };
    const { epochs } = settings.training.video;
    const seconds = Object.fromEntries(
      estimate(settings, counts, speeds).map((part) => [`${part.stage} ${part.network}`, part.seconds]),
    );
    const clips = 100 * 2 * 2;
    expect(seconds['training video']).toBe(epochs * clips);
    expect(seconds['training undefended']).toBe(5 * clips * 3);
    expect(seconds['training amr-at']).toBe(5 * clips * (5 + 3 * 6));
    // PGD-20 on all 7 test clips under three conditions, for two seeds.
    expect(seconds['gradient pgd-at']).toBeCloseTo(20 * 0.6 * 7 * 2);
    expect(seconds['gradient amr-at']).toBeCloseTo(20 * 1.6 * 7 * 2);
    expect(Object.keys(seconds)).toHaveLength(8);
  });
});
