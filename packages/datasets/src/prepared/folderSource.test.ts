import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderSource } from './folderSource.js';
import { openShards } from './preparedShards.js';

describe('folderSource', () => {
  it.skipIf(process.platform === 'win32')(
    'refuses at once anything but a regular file, and a manifest that is too large',
    async () => {
      const own = await mkdtemp(join(tmpdir(), 'prepared-'));
      try {
        spawnSync('mkfifo', [join(own, 'pipe')]);
        await symlink('/dev/zero', join(own, 'endless'));
        await mkdir(join(own, 'folder'));
        await writeFile(join(own, 'manifest.json'), '');
        await truncate(join(own, 'manifest.json'), 2 ** 28 + 1);
        const source = folderSource(own);
        for (const [name, kind] of [
          ['pipe', 'a device or pipe'],
          ['endless', 'a device or pipe'],
          ['folder', 'a folder'],
        ] as const) {
          await expect(source.read(name, 0, 1)).rejects.toMatchObject({
            reason: `got ${kind}; expected a regular file.`,
          });
        }
        await expect(openShards(source)).rejects.toThrow(
          /manifest.json: got 268435457 bytes; expected at most 268435456/,
        );
      } finally {
        await rm(own, { recursive: true });
      }
    },
  );

  it('refuses unknown options and a number of files that is not one', () => {
    expect(() => folderSource('prepared', { openfiles: 3 } as object)).toThrow(
      'folderSource.openfiles: got an unknown option; expected openFiles. Rename it.',
    );
    expect(() => folderSource('prepared', { openFiles: -1 })).toThrow(
      /openFiles: got -1; expected a whole number/,
    );
  });
});
