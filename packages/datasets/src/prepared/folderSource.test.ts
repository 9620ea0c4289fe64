import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderSource } from './folderSource.js';
import { openShards } from './preparedShards.js';

describe('folderSource', () => {
  it.skipIf(process.platform === 'win32')('refuses at once what is no file, or too large', async () => {
    const own = await mkdtemp(join(tmpdir(), 'prepared-'));
    try {
      spawnSync('mkfifo', [join(own, 'pipe')]);
      await symlink('/dev/zero', join(own, 'endless'));
      await mkdir(join(own, 'folder'));
      await writeFile(join(own, 'manifest.json'), '');
      await truncate(join(own, 'manifest.json'), 2 ** 28 + 1);
      const source = folderSource(own);
      for (const name of ['pipe', 'endless', 'folder']) {
        await expect(source.read(name, 0, 1)).rejects.toMatchObject({ reason: 'this is no file' });
      }
      await expect(openShards(source)).rejects.toThrow(
        /manifest.json: the file has 268435457 bytes, at most/,
      );
    } finally {
      await rm(own, { recursive: true });
    }
  });
});
