import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// The built command, as a user runs it.
const command = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = (...flags: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, [command, ...flags], { encoding: 'utf8' });
  return { status, stderr };
};

describe('quickstart refuses before any work', () => {
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), 'quickstart-'));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  it.each([
    [['--preset', 'nope'], /--preset: got 'nope'; expected one of generated/],
    [['--data', 'utd-mhad'], /--root: got nothing; .*Add --root DIR\./],
    [['--data', 'imagenet'], /Allowed choices are generated, utd-mhad/],
    [['--seeds', '0'], /Got 0; expected a whole number from 1\./],
  ])('%j', (flags, message) => {
    const { status, stderr } = run(...flags, '--out', join(out, 'run'));
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });

  it('a folder with another run in it', () => {
    mkdirSync(join(out, 'run'));
    writeFileSync(join(out, 'run', 'settings.json'), '{"preset":"other"}');
    const { status, stderr } = run('--quick', '--out', join(out, 'run'));
    expect(stderr).toMatch(/which holds a run with other settings; expected an empty folder/);
    expect(status).toBe(1);
  });

  it('a UTD-MHAD folder that is not there', () => {
    const { status, stderr } = run(
      '--data',
      'utd-mhad',
      '--root',
      join(out, 'none'),
      '--out',
      join(out, 'run'),
    );
    expect(stderr).toMatch(/index\.json.*no such file/s);
    expect(status).toBe(1);
  });
});
