import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const cluster = fileURLToPath(new URL('../cluster', import.meta.url));

describe('submit.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'slurm-'));
    // Records its arguments and returns job numbers 101, 102, ...
    const file = join(folder, 'sbatch');
    writeFileSync(
      file,
      `#!/bin/bash\necho "$*" >> ${folder}/asked\necho $((100 + $(wc -l < ${folder}/asked)))\n`,
    );
    chmodSync(file, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('submits every step after the one before, as arrays where there are shards', () => {
    const env = { ...process.env, PATH: `${folder}:${process.env['PATH']}`, TASKS: '16', TRAININGS: '2' };
    execFileSync(join(cluster, 'submit.sh'), ['--data', 'ntu60'], { env });
    const asked = readFileSync(join(folder, 'asked'), 'utf8').trim().split('\n');
    const script = join(cluster, 'shard.sbatch');
    expect(asked).toEqual([
      `--parsable --array=0-15 ${script} prepare --data ntu60`,
      `--parsable --dependency=afterok:101 ${script} prepare --merge --data ntu60`,
      `--parsable --array=0-1 --dependency=afterok:102 ${script} train --stage streams --data ntu60`,
      `--parsable --array=0-1 --dependency=afterok:103 ${script} train --stage networks --data ntu60`,
      `--parsable --array=0-15 --dependency=afterok:104 ${script} evaluate --data ntu60`,
      `--parsable --dependency=afterok:105 ${script} merge --data ntu60`,
      `--parsable --dependency=afterok:106 ${script} report --data ntu60`,
    ]);
  });
});

it('shard.sbatch is a script that passes its arguments on', () => {
  const file = join(cluster, 'shard.sbatch');
  execFileSync('bash', ['-n', file]);
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const help = execFileSync('bash', [file, '--help'], { encoding: 'utf8', cwd: root });
  expect(help).toMatch(/evaluate/);
});

it('indexed-job.yaml tells its pods how many they are', () => {
  const { spec } = parse(readFileSync(join(cluster, 'indexed-job.yaml'), 'utf8'));
  const [{ env, command }] = spec.template.spec.containers;
  expect(spec.completionMode).toBe('Indexed');
  expect(env).toEqual([{ name: 'AMR_SHARD_COUNT', value: String(spec.completions) }]);
  expect(command).toContain('evaluate');
});
