import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  realpath,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeAtomically } from './writeAtomically.js';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'atomic-')));
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(folder, { recursive: true });
});

/** Makes a temporary file as a killed writer leaves it, last written to so many minutes ago. */
async function leftover(minutes: number, uuid = '01234567-89ab-cdef-0123-456789abcdef'): Promise<string> {
  const file = join(folder, `.report.json.${uuid}.tmp`);
  await writeFile(file, 'half');
  const time = Date.now() / 1000 - 60 * minutes;
  await utimes(file, time, time);
  return file;
}

describe('writeAtomically', () => {
  it.each([
    ['a text', 'text', 'text'],
    ['bytes', Uint8Array.of(116, 101), 'te'],
  ])(
    'writes %s over an old file, into folders that it makes, and leaves nothing else',
    async (_, content, text) => {
      const file = join(folder, 'a', 'b', 'report.json');
      await writeAtomically(file, 'a longer text that was there before');
      await writeAtomically(file, content);
      expect(await readFile(file, 'utf8')).toBe(text);
      expect(await readdir(join(folder, 'a', 'b'))).toEqual(['report.json']);
    },
  );

  it('shows readers the old file until the new one is whole', async () => {
    const file = join(folder, 'report.json');
    await writeAtomically(file, 'old');
    await writeAtomically(file, async (handle) => {
      await handle.write('new, ');
      await handle.sync();
      expect(await readFile(file, 'utf8')).toBe('old');
      await handle.write('whole');
    });
    expect(await readFile(file, 'utf8')).toBe('new, whole');
  });

  it('keeps the old file and removes the temporary one when writing fails', async () => {
    const file = join(folder, 'report.json');
    await writeAtomically(file, 'old');
    const failing = writeAtomically(file, async (handle) => {
      await handle.write('half');
      throw new Error('the disk is full');
    });
    await expect(failing).rejects.toThrow('the disk is full');
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['report.json']);
  });

  it('removes the temporary file when the target is a folder', async () => {
    await mkdir(join(folder, 'taken', 'inside'), { recursive: true });
    await expect(writeAtomically(join(folder, 'taken'), 'text')).rejects.toThrow(/taken/);
    expect(await readdir(folder)).toEqual(['taken']);
  });

  it('creates its temporary file exclusively, under a name that no other write uses', async () => {
    const names = new Set<string>();
    for (let i = 0; i < 5; i++) {
      await writeAtomically(join(folder, 'report.json'), async () => {
        for (const name of await readdir(folder)) if (name.endsWith('.tmp')) names.add(name);
      });
    }
    expect(names.size).toBe(5);
    for (const name of names)
      expect(name).toMatch(/^\.report\.json\.[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}\.tmp$/);
  });

  it('removes temporary files older than an hour, and no others', async () => {
    const old = await leftover(61);
    const young = await leftover(59, '11234567-89ab-cdef-0123-456789abcdef');
    const other = join(folder, '.report.json.tmp');
    await writeFile(other, 'not ours');
    await utimes(other, 0, 0);
    await writeAtomically(join(folder, 'report.json'), 'text');
    expect((await readdir(folder)).map((name) => join(folder, name)).sort()).toEqual(
      [young, other, join(folder, 'report.json')].sort(),
    );
    expect(await readFile(young, 'utf8')).toBe('half');
    expect(old).not.toBe(young);
  });

  it('looks for old temporary files again after an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    await writeAtomically(join(folder, 'report.json'), 'text');
    const young = await leftover(30);
    vi.setSystemTime(Date.now() + 31 * 60_000);
    await writeAtomically(join(folder, 'report.json'), 'text');
    expect(await readdir(folder)).toHaveLength(2);
    vi.setSystemTime(Date.now() + 30 * 60_000);
    await writeAtomically(join(folder, 'report.json'), 'text');
    await expect(lstat(young)).rejects.toThrow('ENOENT');
    expect(await readdir(folder)).toEqual(['report.json']);
  });

  it('writes though a leftover can’t be removed', async () => {
    const name = '.report.json.01234567-89ab-cdef-0123-456789abcdef.tmp';
    // A folder under a temporary file's name: removing it as a file fails.
    await mkdir(join(folder, name));
    await utimes(join(folder, name), 0, 0);
    await writeAtomically(join(folder, 'report.json'), 'text');
    expect(await readFile(join(folder, 'report.json'), 'utf8')).toBe('text');
    expect(await readdir(folder)).toEqual([name, 'report.json']);
  });
});

describe.skipIf(process.platform === 'win32')('writeAtomically with symbolic links', () => {
  it('follows links and writes next to the file they lead to', async () => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'real.json'), 'old');
    await symlink('data/real.json', join(folder, 'first'));
    await symlink('first', join(folder, 'second'));
    await writeAtomically(join(folder, 'second'), 'new');
    expect(await readFile(join(folder, 'data', 'real.json'), 'utf8')).toBe('new');
    expect(await readlink(join(folder, 'second'))).toBe('first');
    expect(await readlink(join(folder, 'first'))).toBe('data/real.json');
    expect(await readdir(join(folder, 'data'))).toEqual(['real.json']);
  });

  it('makes the missing file that a link leads to', async () => {
    await symlink('later/real.json', join(folder, 'link'));
    await writeAtomically(join(folder, 'link'), 'new');
    expect(await readFile(join(folder, 'later', 'real.json'), 'utf8')).toBe('new');
    expect((await lstat(join(folder, 'link'))).isSymbolicLink()).toBe(true);
  });

  it('reads a link from the folder that it really lies in', async () => {
    await mkdir(join(folder, 'far', 'deep'), { recursive: true });
    await symlink('far/deep', join(folder, 'near'));
    await symlink('../real.json', join(folder, 'far', 'deep', 'link'));
    await writeAtomically(join(folder, 'near', 'link'), 'new');
    expect(await readFile(join(folder, 'far', 'real.json'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['far', 'near']);
  });

  it('refuses links that lead in a circle, and keeps them', async () => {
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    await expect(writeAtomically(join(folder, 'a'), 'new')).rejects.toMatchObject({ code: 'ELOOP' });
    expect(await readlink(join(folder, 'a'))).toBe('b');
    expect(await readdir(folder)).toEqual(['a', 'b']);
  });
});
