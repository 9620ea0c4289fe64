import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, safetensorsValues } from '@amr/formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DatasetError } from '../datasetError.js';
import { parseManifest } from '../prepared/manifest.js';
import type { SourceFormat } from '../source/sourceFormat.js';
import { mergePrepared } from './mergePrepared.js';
import { type PrepareOptions, type PrepareProgress, prepare } from './prepare.js';

/** A data set of text files in a folder, with three numbers each. A file without numbers is damaged. */
interface NumbersOptions {
  folder: string;
  add?: number;
}

let folder: string;
let reads: string[];
const at = (...names: string[]) => join(folder, ...names);

const numbers: SourceFormat<NumbersOptions> = {
  name: 'numbers',
  async list({ folder }) {
    const files = readdirSync(folder).filter((name) => name.endsWith('.txt'));
    return {
      dataset: 'numbers',
      classes: ['even', 'odd'],
      modalities: {
        values: { dtype: 'float32', shape: [1, 3], kind: 'series', unit: 'one' },
        bytes: { dtype: 'uint8', shape: [2, 1], kind: 'series', unit: 'one', scale: 1 },
      },
      samples: files.sort().map((name, i) => ({
        id: name.slice(0, -4),
        label: i % 2,
        tags: { subject: i },
        files: { values: join(folder, name) },
      })),
      splits: { xsub: { by: 'subject', train: [0, 2, 4] } },
      skipped: [{ id: 'readme', reason: 'no numbers' }],
    };
  },
  async read({ id, files }, { add = 0 }, signal) {
    signal?.throwIfAborted();
    reads.push(id);
    const file = files.values!;
    const values = (await readFile(file, 'utf8')).split(' ').map(Number);
    const bad = values.findIndex((value) => Number.isNaN(value));
    if (bad >= 0) throw new DatasetError('got no number; expected three.', { file, line: 1 });
    // The later ones are ready first.
    await new Promise((resolve) => setTimeout(resolve, 8 - (values[0]! % 8)));
    return {
      arrays: {
        values: Float32Array.from(values, (value) => value + add),
        bytes: Uint8Array.of(values[0]!, reads.length && 7),
      },
      facts: { frames: values.length },
    };
  },
};

const put = (name: string, text: string) => writeFileSync(at('data', name), text);
const idOf = (i: number) => `n${String(i).padStart(2, '0')}`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'prepare-'));
  mkdirSync(at('data'));
  for (let i = 0; i < 11; i++) put(`${idOf(i)}.txt`, `${i} ${i / 2} ${-i}`);
  reads = [];
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

/** Two samples of 14 bytes fit into a shard: six shards, the last of one. */
const run = (out: string, options: Partial<PrepareOptions> & { add?: number } = {}) => {
  const { add, ...rest } = options;
  const own = add === undefined ? {} : { add };
  return prepare(numbers, { folder: at('data'), ...own }, { out: at(out), shardBytes: 30, ...rest });
};

/** Every file of a prepared folder with its bytes. */
const content = (out: string): { [file: string]: string } => {
  const files = readdirSync(at(out), { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((file) => [file.slice(at(out).length + 1), readFileSync(file, 'latin1')]),
  );
};

describe('prepare', () => {
  it('writes shards that any safetensors reader reads, and a manifest that describes them', async () => {
    const { manifest, ...counts } = await run('out');
    expect(counts).toEqual({ shards: 6, samples: 11, damaged: [], kept: 0 });
    expect(parseManifest(readFileSync(at('out', 'manifest.json'), 'utf8'), 'manifest.json')).toEqual(
      manifest,
    );
    expect(manifest!.counts).toEqual({ samples: 11, leftOut: 1, damaged: 0, shards: 6 });
    expect(manifest!.shards.map(({ samples }) => samples.map(({ id }) => id))).toEqual([
      ...[0, 2, 4, 6, 8].map((i) => [idOf(i), idOf(i + 1)]),
      [idOf(10)],
    ]);
    const { tensors } = readSafetensors(readFileSync(at('out', manifest!.shards[2]!.file!)));
    expect([...tensors.keys()]).toEqual(['crc32', 'values', 'bytes']);
    expect([...safetensorsValues(tensors.get('values')!).values]).toEqual([4, 2, -4, 5, 2.5, -5]);
    expect([...safetensorsValues(tensors.get('bytes')!).values]).toEqual([4, 7, 5, 7]);
  });

  it('spreads the samples evenly over the shards', async () => {
    const { manifest } = await run('out', { shardBytes: 14 * 6 });
    expect(manifest!.shards.map(({ samples }) => samples.length)).toEqual([6, 5]);
    const one = await run('other', { shardBytes: 1 });
    expect(one.manifest!.shards).toHaveLength(11);
  });

  it('gives the same bytes however many samples are read at once', async () => {
    await run('one', { workers: 1 });
    await run('five', { workers: 5 });
    expect(content('five')).toEqual(content('one'));
  });

  it('gives the same bytes when several processes prepare the shards', async () => {
    await run('whole');
    await run('sharded', { shard: { index: 2, count: 4 } });
    const { samples, manifest } = await run('sharded', { shard: { index: 0, count: 4 } });
    expect([samples, manifest]).toEqual([4, null]);
    await expect(mergePrepared(at('sharded'))).rejects.toThrow(
      /sharded: got 3 of 6 shards; expected all\. Missing: 1, 3, 5\./,
    );
    expect(content('sharded')).not.toHaveProperty('manifest.json');
    await Promise.all([1, 3].map((index) => run('sharded', { shard: { index, count: 4 } })));
    await mergePrepared(at('sharded'));
    expect(content('sharded')).toEqual(content('whole'));
    await expect(mergePrepared(at('nowhere'))).rejects.toThrow(/nowhere: got no plan\.json; expected/);
  });

  it('resumes from the finished shards, and stops at once when signal aborts', async () => {
    await run('whole');
    const stop = new AbortController();
    reads = [];
    const onProgress = ({ done }: PrepareProgress) => done === 5 && stop.abort(new Error('enough'));
    await expect(run('out', { workers: 1, signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect(reads).toHaveLength(5);
    const leftover = '.00002.safetensors.01234567-89ab-cdef-0123-456789abcdef.tmp';
    writeFileSync(at('out', 'shards', leftover), 'half');
    // Two hours later: a younger file may belong to a run that is still writing.
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 3_600_000 });
    reads = [];
    const { kept } = await run('out');
    expect([kept, reads.length]).toEqual([2, 7]);
    expect(content('out')).toEqual(content('whole'));
    reads = [];
    expect((await run('out')).kept).toBe(6);
    expect(reads).toEqual([]);
  });

  it('works while another run writes into the same folder', async () => {
    await run('whole');
    mkdirSync(at('out', 'shards'), { recursive: true });
    const others = '.00002.safetensors.01234567-89ab-cdef-0123-456789abcdef.tmp';
    writeFileSync(at('out', 'shards', others), 'half');
    const runs = await Promise.all([run('out'), run('out'), run('out', { workers: 1 })]);
    expect(runs.map(({ samples }) => samples)).toEqual([11, 11, 11]);
    expect(readdirSync(at('out', 'shards')).filter((name) => name.endsWith('.tmp'))).toEqual([others]);
    rmSync(at('out', 'shards', others));
    expect(content('out')).toEqual(content('whole'));
  });

  it('finishes the shards that were started when finish aborts', async () => {
    const finish = new AbortController();
    const onProgress = ({ done }: PrepareProgress) => done === 3 && finish.abort(new Error('later'));
    await expect(run('out', { workers: 1, finish: finish.signal, onProgress })).rejects.toThrow('later');
    expect(Object.keys(content('out')).filter((name) => name.endsWith('.safetensors'))).toHaveLength(2);
    expect(reads).toHaveLength(4);
  });

  it('writes a shard again when it is damaged or its files changed', async () => {
    await run('out');
    const before = content('out');
    writeFileSync(at('out', 'shards', '00001.safetensors'), 'short');
    writeFileSync(at('out', 'shards', '00003.json'), '{"key"');
    reads = [];
    await run('out');
    expect(reads.sort()).toEqual([2, 3, 6, 7].map(idOf));
    expect(content('out')).toEqual(before);
    put('n09.txt', '9.25 1.5 1');
    const lines: string[] = [];
    reads = [];
    const { manifest } = await run('out', { log: (line) => lines.push(line) });
    expect(reads.sort()).toEqual([8, 9].map(idOf));
    expect(lines.join('\n')).toMatch(/files of 1 shards have changed/);
    expect(manifest!.shards[4]!.sha256).not.toBe(JSON.parse(before['shards/00004.json']!).shard.sha256);
    // Fewer files than before: what is no longer planned goes.
    for (let i = 6; i < 11; i++) rmSync(at('data', `${idOf(i)}.txt`));
    await run('out');
    expect(Object.keys(content('out')).filter((name) => name.startsWith('shards'))).toHaveLength(6);
  });

  it('refuses a folder that was started with other options', async () => {
    await run('out', { add: 1 });
    await expect(run('out', { add: 2 })).rejects.toThrow(
      /out: options\.add: got 2; expected 1, as in the run/,
    );
    await expect(run('out')).rejects.toThrow(/options\.add: got undefined; expected 1/);
    await expect(run('out', { add: 1, shardBytes: 50 })).rejects.toThrow(/shardBytes: got 50; expected 30/);
    writeFileSync(at('out', 'plan.json'), '[]');
    await expect(run('out', { add: 1 })).rejects.toThrow(/plan\.json: got .*expected a plan of this version/);
  });

  it('lists damaged files in an error, or skips them with skipDamaged', async () => {
    put('n03.txt', '1 what 2');
    put('n08.txt', 'x');
    await expect(run('out', { workers: 1 })).rejects.toThrow(
      /^samples: got 1 sample that can't be read.*--skip-damaged.*\n.*n03\.txt: line 1: got no number/,
    );
    expect(reads).toHaveLength(4);
    const { manifest, damaged, samples } = await run('out', { skipDamaged: true });
    expect([samples, damaged.map(({ id }) => id)]).toEqual([9, ['n03', 'n08']]);
    expect(manifest!.counts.damaged).toBe(2);
    const reason = 'line 1: got no number; expected three.';
    expect(manifest!.shards[1]!.damaged).toEqual([{ id: 'n03', file: at('data', 'n03.txt'), reason }]);
    // They are not forgotten: without the option they count again, until they are fixed.
    expect((await run('out', { skipDamaged: true })).damaged).toHaveLength(2);
    await expect(run('out')).rejects.toThrow(/^samples: got [12] samples? that can't be read/);
    put('n03.txt', '3 1.5 -3');
    put('n08.txt', '8 4 -8');
    expect((await run('out')).manifest!.counts).toMatchObject({ samples: 11, damaged: 0 });
  });

  it('fails when no sample could be read', async () => {
    for (let i = 0; i < 11; i++) put(`${idOf(i)}.txt`, 'x');
    await expect(run('out', { skipDamaged: true })).rejects.toThrow(
      /got 11 damaged samples and no other; expected at least one/,
    );
  });

  it('rethrows errors that are not about data', async () => {
    const broken = { ...numbers, read: async () => Promise.reject(new RangeError('no memory')) };
    const options = { folder: at('data') };
    const to = { out: at('out'), skipDamaged: true };
    await expect(prepare(broken, options, to)).rejects.toThrow(RangeError);
    const lying = { ...numbers, read: async () => ({ arrays: { values: new Float32Array(2) } }) };
    await expect(prepare(lying, options, to)).rejects.toThrow(
      /numbers\.values: got Float32Array of length 2 .*expected float32 \[1, 3\]/,
    );
    const endless = {
      ...numbers,
      read: async () => ({ arrays: { values: Float32Array.of(1, Number.NaN, 0), bytes: new Uint8Array(2) } }),
    };
    await expect(prepare(endless, options, { out: at('out') })).rejects.toThrow(
      /values: got values that are not finite/,
    );
  });

  it('reports progress', async () => {
    const steps: PrepareProgress[] = [];
    await run('out', { workers: 3, onProgress: (step) => steps.push(step) });
    expect(steps.map(({ done }) => done)).toEqual(Array.from({ length: 11 }, (_, i) => i + 1));
    expect(steps.at(-1)).toMatchObject({ total: 11, damaged: 0, bytes: 11 * 14, remaining: 0 });
    expect(steps[4]!.remaining).toBeGreaterThan(0);
  });

  it('checks its options', async () => {
    await expect(run('out', { workers: -1 })).rejects.toThrow(
      /workers: got -1; expected a whole number from 0/,
    );
    await expect(run('out', { shardBytes: 0 })).rejects.toThrow(
      /shardBytes: got 0; expected a whole number from 1/,
    );
    await expect(run('out', { shard: { index: 4, count: 4 } })).rejects.toThrow(
      /shard: got index 4 of count 4; expected whole numbers with 0 <= index < count/,
    );
    await expect(prepare('ntu', {}, { out: at('out') })).rejects.toThrow(
      /^format: got 'ntu'; expected one of ntu60/,
    );
    await expect(run('out', { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    for (let i = 0; i < 11; i++) rmSync(at('data', `${idOf(i)}.txt`));
    await expect(run('out')).rejects.toThrow(
      /numbers: got no sample; expected at least 1. All 1 samples were skipped; the first, 'readme': no numbers/,
    );
  });
});
