import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepare } from '../prepare/prepare.js';
import { fileName, SAMPLES, writeSkeletonFiles } from './skeletonFiles.fixture.js';

/** The built program. It starts worker threads, which are built files, too. */
const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
let folder: string;
const at = (...names: string[]) => join(folder, ...names);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'amr-data-'));
  mkdirSync(at('skeletons'));
  writeSkeletonFiles(at('skeletons'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One sample of `[1, 8, 25, 3]` per shard. */
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

/** Sends a signal when this number of shards is finished. */
const signalAt = (out: string, count: number, signal: NodeJS.Signals) => (child: ChildProcess) => {
  const timer = setInterval(() => {
    if (records(out) < count) return;
    clearInterval(timer);
    child.kill(signal);
  }, 2);
  child.on('close', () => clearInterval(timer));
};

/** What the files hold. The temporary file of a killed writer stays for an hour and counts as no file. */
const content = (out: string): { [file: string]: string } =>
  Object.fromEntries(
    ['manifest.json', 'plan.json', ...readdirSync(at(out, 'shards')).map((name) => `shards/${name}`)]
      .filter((file) => !file.endsWith('.tmp'))
      .sort()
      .map((file) => [file, readFileSync(at(out, file), 'latin1')]),
  );

describe('amr-data', () => {
  it('resumes after an interrupt and after a kill, with the same bytes as an uninterrupted run', async () => {
    const whole = await prepare(
      'ntu60',
      { skeletons: at('skeletons'), skeleton: { persons: 1, frames: 8, denoise: false } },
      { out: at('whole'), shardBytes: 3000, workers: 3 },
    );
    expect(whole.samples).toBe(SAMPLES);
    const interrupted = await run(prepareInto('out', '--workers', '1'), signalAt('out', 3, 'SIGINT'));
    expect(interrupted.err).toMatch(/Finishing the shards that were started.*\n.*the same command resumes/s);
    expect(interrupted.code).toBe(130);
    const after = records('out');
    expect(after).toBeGreaterThanOrEqual(3);
    expect(after).toBeLessThan(SAMPLES);
    const killed = await run(prepareInto('out', '--workers', '1'), signalAt('out', after + 3, 'SIGKILL'));
    expect(killed.code).toBe(null);
    expect(records('out')).toBeLessThan(SAMPLES);
    const last = await run(prepareInto('out', '--workers', '1'));
    expect(last.err).toMatch(/\n\d+ of 24 shards are finished already\n24 samples in 24 shards/);
    expect(last.code).toBe(0);
    expect(content('out')).toEqual(content('whole'));
  });

  it('prepares parts as schedulers number them, and merges them', async () => {
    const parts = [
      run(prepareInto('sharded', '--shard', '1/2', '--workers', '2')),
      run(prepareInto('sharded'), undefined, {
        JOB_COMPLETION_INDEX: '1',
        AMR_SHARD_COUNT: '2',
      }),
    ];
    for (const { code, err } of await Promise.all(parts)) {
      expect(err).toMatch(/12 samples in 12 shards.*amr-data merge/);
      expect(code).toBe(0);
    }
    expect(await run(['merge', at('sharded')])).toMatchObject({ code: 0, err: '' });
    expect(content('sharded')).toEqual(content('whole'));
  });

  it('verifies a folder', async () => {
    const shard = at('sharded', 'shards', '00007.safetensors');
    const bytes = readFileSync(shard);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(shard, bytes);
    expect(await run(['verify', at('whole')])).toMatchObject({
      code: 0,
      out: '24 samples in 24 shards are as they were written\n',
    });
    const verified = await run(['verify', at('sharded')]);
    expect(verified.code).toBe(1);
    expect(verified.err).toMatch(/00007\.safetensors/);
  });

  it('prints errors in a line, with different exit codes for data and command lines', async () => {
    writeFileSync(at('skeletons', fileName(3)), '5\nwhat\n');
    const [damaged, other] = await Promise.all([
      run(prepareInto('damaged', '--workers', '1', '--shard-size', '1')),
      run(prepareInto('sharded', '--frames', '9')),
    ]);
    expect(damaged.err).toMatch(
      /samples: got 1 sample that can't be read.*--skip-damaged.*\n.*A004\.skeleton: line 2: /,
    );
    expect(other.err).toMatch(
      /^amr-data: .*options\.skeleton\.frames: got 9; expected 8, as in the run that started this folder.*\n$/,
    );
    for (const { code } of [damaged, other]) expect(code).toBe(1);

    const wrong = await Promise.all([
      run(['prepare', 'ntu60', '--out', at('x')]),
      run(prepareInto('x', '--frames', 'many')),
      run(prepareInto('x', '--fit', 'squeeze')),
    ]);
    for (const { code } of wrong) expect(code).toBe(2);
    const printed = wrong.map(({ err }) => err).join('');
    for (const part of [
      /--skeletons <folder>' not specified/,
      /Expected a whole number/,
      /Allowed choices are resample/,
    ]) {
      expect(printed).toMatch(part);
    }
    const skipped = await run(prepareInto('damaged', '--shard-size', '1', '--skip-damaged'));
    expect(skipped).toMatchObject({ code: 0 });
    expect(skipped.err).toMatch(/skipped: .*A004\.skeleton: line 2: .*\n23 samples in 1 shards/);
  });
});
