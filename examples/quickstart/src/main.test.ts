import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// The built command, as a user runs it; `pnpm test` builds first.
const command = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const run = (...flags: string[]) => {
  const { status, stderr } = spawnSync(process.execPath, [command, ...flags], { encoding: 'utf8' });
  return { status, stderr };
};

describe.skipIf(!existsSync(command))('quickstart refuses before any work', () => {
  let out: string;
  beforeEach(() => {
    out = mkdtempSync(join(tmpdir(), 'quickstart-'));
  });
  afterEach(() => rmSync(out, { recursive: true, force: true }));

  it.each([
    [['--preset', 'nope'], /there is none of that name; there are generated/],
    [['--data', 'utd-mhad'], /needs --root DIR/],
    [['--data', 'imagenet'], /Allowed choices are generated, utd-mhad/],
    [['--seeds', '0'], /a whole number from 1 was expected/],
  ])('%j', (flags, message) => {
    const { status, stderr } = run(...flags, '--out', join(out, 'run'));
    expect(stderr).toMatch(message);
    expect(status).toBe(1);
  });

  it('a folder with another run in it', () => {
    mkdirSync(join(out, 'run'));
    writeFileSync(join(out, 'run', 'settings.json'), '{"preset":"other"}');
    const { status, stderr } = run('--quick', '--out', join(out, 'run'));
    expect(stderr).toMatch(/holds a run with other settings/);
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
