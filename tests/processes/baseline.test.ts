import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

describe('pnpm bench attacks --baseline', () => {
  const bench = (baseline: string) => {
    const size = ['--rounds', '2', '--samples', '4', '--steps', '1', '--attacks', 'FGSM;PGD-20;none'];
    return run('node', ['scripts/bench.js', 'attacks', '--baseline', baseline, ...size], { cwd: root });
  };

  it('finds the same points in a build and itself, and names what it leaves out', async () => {
    const { stdout } = await bench('.');
    expect(stdout).toContain('not in both builds: none');
    for (const attack of ['FGSM', 'PGD-20']) {
      expect(stdout).toMatch(
        new RegExp(`^${attack} +[\\d.]+ +[\\d.]+ +[\\d.]+ \\([\\d.]+ to [\\d.]+\\) .* {2}equal`, 'm'),
      );
    }
    expect(stdout).toContain('slower in every round');
  });

  it('says what it needs', async () => {
    await expect(bench('tests')).rejects.toThrow(
      /--baseline: got tests; expected the folder of a built checkout/,
    );
  });
});
