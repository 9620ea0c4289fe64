import { createRequire } from 'node:module';
import { expect, it } from 'vitest';
import { missingBuilds, skipped } from '../builds.js';

const reason = missingBuilds(['@amr/datasets']);
if (reason) skipped('CommonJS', reason, 'Run `pnpm build` first; `pnpm test` does.');

const require = createRequire(import.meta.url);

it.skipIf(reason)('is, in CommonJS, the same class of errors in both parts of a package', async () => {
  const { DatasetError } = require('@amr/datasets');
  const { preparedFolder } = require('@amr/datasets/node');
  await expect(preparedFolder('no such folder')).rejects.toBeInstanceOf(DatasetError);
});
