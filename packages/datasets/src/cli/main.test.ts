import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepare } from '../prepare/prepare.js';
import { formatSkeletonFile } from '../sets/ntu/formatSkeletonFile.js';
import { infoOf, infoText } from './infoCommand.js';
import { lookCommand } from './lookCommand.js';

/** The built program: it starts worker threads, which are files of the build too. */
const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const samples = 24;
let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'amr-data-'));
  mkdirSync(at('skeletons'));
  for (let i = 0; i < samples; i++) {
    // Long enough that a signal comes before the end.
    const frames = 60;
    const body = {
      id: '72057594037944738',
      frames: Int32Array.from({ length: frames }, (_, t) => t),
      places: new Int32Array(frames),
      fields: new Float32Array(frames * 9),
      joints: Float32Array.from({ length: frames * 25 * 12 }, (_, k) => Math.sin(k + i) + (k % 12)),
    };
    writeFileSync(at('skeletons', nameOf(i)), formatSkeletonFile({ frames, bodies: [body] }));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const two = (value: number) => String(value).padStart(3, '0');
const nameOf = (i: number) => `S001C${two(1 + (i % 3))}P${two(1 + (i >> 3))}R001A${two(1 + i)}.skeleton`;

/** One sample of `[1, 8, 25, 3]` to a shard. */
const options = ['--persons', '1', '--frames', '8', '--no-denoise'];
const prepareInto = (out: string, ...more: string[]) => [
  ...['prepare', 'ntu60', '--skeletons', at('skeletons'), '--out', at(out), '--shard-size', '0.003'],
  ...options,
  ...more,
];

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function run(args: string[], onStart?: (child: ChildProcess) => void, env = {}): Promise<Ended> {
  const child = spawn(process.execPath, [program, ...args], { env: { ...process.env, ...env } });
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.on('data', (text) => {
    ended.out += text;
  });
  child.stderr.on('data', (text) => {
    ended.err += text;
  });
  onStart?.(child);
  return new Promise((resolve) => child.on('close', (code) => resolve({ ...ended, code })));
}

const records = (out: string): number => {
  try {
    return readdirSync(at(out, 'shards')).filter((name) => name.endsWith('.json')).length;
  } catch {
    return 0;
  }
};

/** Sends a signal when so many shards are finished. */
const signalAt = (out: string, count: number, signal: NodeJS.Signals) => (child: ChildProcess) => {
  const timer = setInterval(() => {
    if (records(out) < count) return;
    clearInterval(timer);
    child.kill(signal);
  }, 2);
  child.on('close', () => clearInterval(timer));
};

const content = (out: string): { [file: string]: string } =>
  Object.fromEntries(
    ['manifest.json', 'plan.json', ...readdirSync(at(out, 'shards')).map((name) => `shards/${name}`)]
      .sort()
      .map((file) => [file, readFileSync(at(out, file), 'latin1')]),
  );

describe('amr-data', () => {
  it('goes on after it was interrupted, and after it was killed, to what a run in one piece gives', async () => {
    const whole = await prepare(
      'ntu60',
      { skeletons: at('skeletons'), skeleton: { persons: 1, frames: 8, denoise: false } },
      { out: at('whole'), shardBytes: 3000, workers: 3 },
    );
    expect(whole.samples).toBe(samples);
    const interrupted = await run(prepareInto('out', '--workers', '1'), signalAt('out', 3, 'SIGINT'));
    expect(interrupted.err).toMatch(/Finishing the shards that are begun.*\n.*the same command goes on/s);
    expect(interrupted.code).toBe(130);
    const after = records('out');
    expect(after).toBeGreaterThanOrEqual(3);
    expect(after).toBeLessThan(samples);
    const killed = await run(prepareInto('out', '--workers', '1'), signalAt('out', after + 3, 'SIGKILL'));
    expect(killed.code).toBe(null);
    expect(records('out')).toBeLessThan(samples);
    const last = await run(prepareInto('out', '--workers', '1'));
    expect(last.err).toMatch(/\n\d+ of 24 shards are there already\n24 samples in 24 shards/);
    expect(last.code).toBe(0);
    expect(content('out')).toEqual(content('whole'));
  });

  it('shares the work as schedulers number it, and merges it', async () => {
    const shares = [
      run(prepareInto('shared', '--shard', '1/2', '--workers', '2')),
      run(prepareInto('shared'), undefined, {
        JOB_COMPLETION_INDEX: '1',
        AMR_SHARD_COUNT: '2',
      }),
    ];
    for (const { code, err } of await Promise.all(shares)) {
      expect(err).toMatch(/12 samples in 12 shards.*amr-data merge/);
      expect(code).toBe(0);
    }
    expect(await run(['merge', at('shared')])).toMatchObject({ code: 0, err: '' });
    expect(content('shared')).toEqual(content('whole'));
  });

  it('tells what is in a folder, draws it, and verifies it', async () => {
    const info = await infoOf(at('whole'));
    expect(info).toMatchObject({ dataset: 'ntu60', samples, shards: samples });
    // Subjects 1 and 2 of 1 to 3 train; cameras 2 and 3.
    expect(info.splits).toEqual({ xsub: { train: 16, test: 8 }, xview: { train: 16, test: 8 } });
    expect(info.classes[21]!.splits['xview']).toEqual({ train: 0, test: 1 });
    const text = infoText(info);
    expect(text).toMatch(/^ntu60: 24 samples in 24 shards, .* kB; 0 left out, 0 damaged\n/);
    expect(text).toMatch(/skeleton: skeleton, float32 \[1, 8, 25, 3\], metres/);
    expect(text).toMatch(/\nall +24 +16 +8 +16 +8\n36 classes have no samples$/);
    const drawn = await lookCommand(at('whole'), at('look.png'), 3);
    expect(drawn).toEqual([0, 1, 2].map((i) => nameOf(i).slice(0, 20)));
    expect(readFileSync(at('look.png')).subarray(1, 4).toString()).toBe('PNG');

    const shard = at('shared', 'shards', '00007.safetensors');
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(shard, bytes);
    const verified = await run(['verify', at('shared')]);
    expect(verified.code).toBe(1);
    expect(verified.err).toMatch(/00007\.safetensors/);
  });

  it('says in a line what is wrong, and ends with a code that tells data from command lines', async () => {
    writeFileSync(at('skeletons', nameOf(3)), '5\nwhat\n');
    const [damaged, other] = await Promise.all([
      run(prepareInto('damaged', '--workers', '1', '--shard-size', '1')),
      run(prepareInto('shared', '--frames', '9')),
    ]);
    expect(damaged.err).toMatch(/1 sample can't be read.*--skip-damaged.*\n.*A004\.skeleton: line 2: /);
    expect(other.err).toMatch(
      /^amr-data: .*options\.skeleton\.frames was 8 in the run that began here, and is 9 now.*\n$/,
    );
    for (const { code } of [damaged, other]) expect(code).toBe(1);

    const wrong = await Promise.all([
      run(['prepare', 'ntu60', '--out', at('x')]),
      run(prepareInto('x', '--frames', 'many')),
      run(prepareInto('x', '--fit', 'squeeze')),
    ]);
    for (const { code } of wrong) expect(code).toBe(2);
    const said = wrong.map(({ err }) => err).join('');
    for (const part of [
      /--skeletons <folder>' not specified/,
      /A whole number/,
      /Allowed choices are resample/,
    ]) {
      expect(said).toMatch(part);
    }
    const skipped = await run(prepareInto('damaged', '--shard-size', '1', '--skip-damaged'));
    expect(skipped).toMatchObject({ code: 0 });
    expect(skipped.err).toMatch(/left out: .*A004\.skeleton: line 2: .*\n23 samples in 1 shards/);
  });
});
