import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { everyModel } from '../everyModel.js';
import { type Sample, saveWithSample } from '../savedModel.js';

const here = fileURLToPath(new URL('.', import.meta.url));

describe('in another process, saved models load and give the same outputs', () => {
  describe.each(Object.entries(everyModel))('with nothing but %s imported', (importedPackage, models) => {
    let saved: string;
    let folders: string[];
    let results: number[][][] = [];

    beforeAll(async () => {
      saved = mkdtempSync(join(tmpdir(), 'amr-models-'));
      folders = models.map((_, i) => join(saved, `${i}`));
      for (const [i, { build }] of models.entries()) {
        const model = build();
        await saveWithSample(model, folders[i]!);
        model.dispose();
      }
      const script = ['loadAll.js', importedPackage, ...folders];
      const { stdout } = await promisify(execFile)(process.execPath, script, {
        cwd: here,
        maxBuffer: 2 ** 24,
      });
      results = JSON.parse(stdout);
    });
    afterAll(() => rmSync(saved, { recursive: true, force: true }));

    it.each(models.map(({ name }, i) => [name, i] as const))('%s', (_, i) => {
      const { outputs }: Sample = JSON.parse(readFileSync(join(folders[i]!, 'sample.json'), 'utf8'));
      // Same backend, same kernels: the same bits.
      expect(results[i]).toEqual(outputs);
    });
  });
});
