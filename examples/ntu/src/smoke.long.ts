import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/*
 * The whole chain as users run it, with the built commands: clips in NTU RGB+D's layout, prepared, trained on, attacked, reported.
 */

const ntu = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const amrData = fileURLToPath(new URL('../../../packages/datasets/bin/amr-data.js', import.meta.url));
const hasFfmpeg = spawnSync(process.env['FFMPEG_PATH'] ?? 'ffmpeg', ['-version']).status === 0;
if (!hasFfmpeg) console.warn('The smoke run is skipped: it needs ffmpeg.');

const CLASSES = ['wave', 'kick', 'sit down', 'bow'];
const NETWORKS = ['undefended', 'pgd-at', 'amr-at'];
const TITLES = ['undefended', 'PGD-AT', 'AMR + AT'];
const CONDITIONS = ['rgb', 'skeleton', 'both'];
const SUITES = { gradient: ['FGSM', 'PGD-20', 'CW-20'], autoattack: ['AutoAttack (short)'] };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'smoke-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const at = (...path: string[]) => join(folder, ...path);

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command to its end. */
function run(
  args: readonly string[],
  options: { env?: NodeJS.ProcessEnv; onStart?: (child: ChildProcess) => void } = {},
): Promise<Ended> {
  const { env, onStart } = options;
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  const ended = { out: '', err: '' };
  child.stdout.on('data', (text) => {
    ended.out += text;
  });
  child.stderr.on('data', (text) => {
    ended.err += text;
  });
  onStart?.(child);
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ended, code })));
}

/** Runs a command that has to end well. @returns what it printed */
async function ok(...given: Parameters<typeof run>): Promise<string> {
  const { code, out, err } = await run(...given);
  expect([code, code === 0 ? '' : err]).toEqual([0, '']);
  return out;
}

/** Ctrl-C when a file appears. */
const interruptAt = (file: string) => (child: ChildProcess) => {
  const timer = setInterval(() => {
    if (!existsSync(file)) return;
    clearInterval(timer);
    child.kill('SIGINT');
  }, 20);
  child.on('close', () => clearInterval(timer));
};

const command = (name: string, out: string, ...flags: string[]) => [
  ntu,
  name,
  ...['--preset', 'smoke', '--data', 'ntu60', '--out', at(out), '--prepared', at('prepared')],
  ...flags,
];
const roots = () => [
  ...['--root', `skeletons=${at('raw', 'nturgb+d_skeletons')}`],
  ...['--root', `videos=${at('raw', 'nturgb+d_rgb')}`],
];
const json = (...path: string[]) => JSON.parse(readFileSync(at(...path), 'utf8'));
const seconds: { [step: string]: number } = {};
async function timed<T>(step: string, work: Promise<T>): Promise<T> {
  const begun = performance.now();
  const result = await work;
  seconds[step] = Math.round((performance.now() - begun) / 1000);
  return result;
}

describe.skipIf(!hasFfmpeg)('the smoke preset', () => {
  it('goes from raw files to the report in under 10 minutes', async () => {
    const clips = ['--classes', CLASSES.join(), '--samples-per-class', '40'];
    await timed('generate', ok([amrData, 'generate', '--out', at('raw'), ...clips]));
    const printed = await timed('run', ok(command('run', 'whole', ...roots())));
    expect(Object.values(seconds).reduce((a, b) => a + b)).toBeLessThan(600);
    for (const { title } of Object.values(SUITES)
      .flat()
      .map((title) => ({ title }))) {
      expect(printed).toContain(title);
    }
    console.log(printed);
  });

  it('reports 3 networks under 3 conditions of each attack', () => {
    for (const [suite, attacks] of Object.entries(SUITES)) {
      const { comparison, baseline, settings } = json('whole', `report-${suite}.json`);
      expect(baseline).toBe('undefended');
      expect(comparison.map(({ attack }: { attack: string }) => attack)).toEqual(attacks);
      for (const { models } of comparison) {
        expect(models.map(({ name }: { name: string }) => name)).toEqual(TITLES);
        for (const { clean, robust, average } of models) {
          expect(Object.keys(robust)).toEqual(CONDITIONS);
          const values: number[] = CONDITIONS.map((condition) => robust[condition].value);
          // What is wrong without an attack counts as wrong under one.
          for (const value of values) expect(value >= 0 && value <= clean.value).toBe(true);
          expect(average.value).toBeCloseTo(values.reduce((a, b) => a + b) / values.length, 12);
        }
      }
      expect(settings).toMatchObject({
        preset: 'smoke',
        clips: expect.stringMatching(/^100 to train on, 60 /),
      });
      const markdown = readFileSync(at('whole', `report-${suite}.md`), 'utf8');
      const page = readFileSync(at('whole', `report-${suite}.html`), 'utf8');
      expect(page).toMatch(/^<!doctype html>.*<title>NTU RGB\+D 60, xsub: .*<\/html>\s*$/s);
      for (const name of [...TITLES, ...attacks]) {
        expect(markdown).toContain(name);
        expect(page).toContain(name);
      }
    }
  });

  it('trains networks that are better than chance, and defences that are more robust', () => {
    const [fgsm, pgd] = json('whole', 'report-gradient.json').comparison;
    const [undefended, ...defended] = pgd.models;
    // Four classes: chance is 0.25.
    expect(undefended.clean.value).toBeGreaterThan(0.6);
    for (const { clean, average } of defended) {
      expect(clean.value).toBeGreaterThan(0.5);
      expect(average.value).toBeGreaterThan(undefended.average.value + 0.2);
    }
    expect(undefended.average.value).toBeLessThan(undefended.clean.value / 2);
    expect(undefended.average.value).toBeLessThanOrEqual(fgsm.models[0].average.value);
  });

  it('gives the same when it is divided into shards, stopped and resumed', async () => {
    await timed('train streams', ok(command('train', 'shared', '--stage', 'streams')));
    const training = at('shared', 'seed1', 'pgd-at');
    const stopped = await timed(
      'train, stopped',
      run(command('train', 'shared'), { onStart: interruptAt(join(training, 'checkpoint.safetensors')) }),
    );
    expect(stopped.err).toMatch(/Stopping after this step.*Stopped\. Run the same command again to resume/s);
    expect(stopped.code).toBe(130);
    expect(readdirSync(training)).toEqual(['checkpoint.safetensors']);
    await timed('train on', ok(command('train', 'shared')));

    const shards = [
      run(command('evaluate', 'shared', '--shard', '1/2', '--workers', '1')),
      run(command('evaluate', 'shared', '--workers', '1'), {
        env: {
          SLURM_ARRAY_TASK_ID: '2',
          SLURM_ARRAY_TASK_MIN: '1',
          SLURM_ARRAY_TASK_MAX: '2',
          SLURM_ARRAY_TASK_STEP: '1',
          SLURM_ARRAY_TASK_COUNT: '2',
        },
      }),
    ];
    for (const { code, err } of await timed('evaluate', Promise.all(shards))) {
      expect([code, code === 0 ? '' : err]).toEqual([0, '']);
    }
    await ok(command('merge', 'shared'));
    await ok(command('report', 'shared'));
    for (const network of NETWORKS) {
      const histories = ['whole', 'shared'].map((out) => json(out, 'seed1', network, 'trained.json').history);
      expect(histories[1]).toEqual(histories[0]);
      for (const suite of Object.keys(SUITES)) {
        const [whole, shared] = ['whole', 'shared'].map((out) =>
          json(out, 'seed1', network, `${suite}.json`),
        );
        expect({ ...shared, seconds: 0 }).toEqual({ ...whole, seconds: 0 });
      }
    }
    const comparisons = ['whole', 'shared'].map((out) => json(out, 'report-gradient.json').comparison);
    expect(comparisons[1]).toEqual(comparisons[0]);
  });

  afterAll(() => console.log('Seconds:', seconds));
});
