import { createRequire } from 'node:module';
import { expect, it } from 'vitest';

const require = createRequire(import.meta.url);

it('shares one class of errors between both entries of a package in CommonJS', async () => {
  const { DatasetError } = require('@amr/datasets');
  const { preparedFolder } = require('@amr/datasets/node');
  await expect(preparedFolder('no such folder')).rejects.toBeInstanceOf(DatasetError);
});
