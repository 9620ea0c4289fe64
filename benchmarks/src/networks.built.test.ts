import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Results } from './measure/results.js';

// The built command, as a user runs it.
const command = fileURLToPath(new URL('../dist/networks.js', import.meta.url));
const python = '/usr/bin/python3';
const torch = spawnSync(python, ['-c', 'import torch']).status === 0;
const run = (...options: string[]) =>
  spawnSync(process.execPath, [command, '--cases', 'tiny', '--rounds', '1', ...options], {
    encoding: 'utf8',
  });

describe.skipIf(!existsSync(command))('the benchmark of networks', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'networks-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it.skipIf(!torch)('finds the same gradients on tfjs and PyTorch', () => {
    const json = join(folder, 'results.json');
    const { status, stdout } = run(
      '--backends',
      'cpu',
      '--threads',
      '1',
      '--tasks',
      'gradient',
      '--json',
      json,
    );
    expect(stdout).toContain('PyTorch: ');
    expect(status).toBe(0);
    const { rows, reference } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    expect(reference).toBe('torch-1');
    expect(rows).toHaveLength(1);
    const { entries, agreement } = rows[0]!;
    for (const { times, memory } of entries) {
      expect(times).toHaveLength(1);
      expect(times[0]).toBeGreaterThan(0);
      expect(memory!.peak).toBeGreaterThan(memory!.baseline);
    }
    expect(agreement!.differences['cpu']).toBeLessThan(1e-4);
  });

  it('does without PyTorch, and says so', () => {
    const markdown = join(folder, 'tables.md');
    const { status, stdout } = run(
      ...['--backends', 'cpu', '--tasks', 'forward', '--threads', '1', '--python', join(folder, 'python')],
      ...['--markdown', markdown],
    );
    expect(status).toBe(0);
    expect(stdout).toMatch(/torch-1 is not measured: .*ENOENT/);
    expect(readFileSync(markdown, 'utf8')).toMatch(/\| two-stream AMR, tiny, batch of 2 \| forward \| \d/);
  });

  it('stops before any work at an option that can not be meant', () => {
    const { status, stdout, stderr } = run('--rounds', 'many');
    expect(stderr).toContain("--rounds: got 'many'");
    expect(stdout).toBe('');
    expect(status).toBe(1);
  });
});
