import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const require = createRequire(import.meta.url);

it('shares one class of errors between both entries of a package in CommonJS', async () => {
  const { DatasetError } = require('@amr/datasets');
  const { preparedFolder } = require('@amr/datasets/node');
  await expect(preparedFolder('no such folder')).rejects.toBeInstanceOf(DatasetError);
  const { LayerError } = require('@amr/layers');
  const { convertKeras3Json } = require('@amr/layers/keras');
  expect(() => convertKeras3Json('{}')).toThrow(LayerError);
});

describe("importing '@amr/layers/keras' as it is built", () => {
  // What is only registered could be left out of a build unnoticed.
  const expected = [
    'silu',
    'hardSigmoid3',
    'Subtract',
    'GlobalAveragePooling3D',
    'ZeroPadding3D',
    'Normalization',
  ];
  const replaced = ['BatchNormalization', 'GRU', 'GRUCell', 'Conv1D', 'GlobalAveragePooling1D'];

  it.each([
    ['ES modules', 'module', (name: string) => `await import('${name}')`],
    ['CommonJS', 'commonjs', (name: string) => `require('${name}')`],
  ])('registers its layers and activations in %s', (_, type, load) => {
    const program = `
      const tf = ${load('@tensorflow/tfjs-core')};
      ${load('@tensorflow/tfjs-layers')};
      const names = tf.serialization.SerializationMap.getMap().classNameMap;
      const stock = { ...names };
      ${load('@amr/layers/keras')};
      const changed = Object.keys(names).filter((name) => names[name] !== stock[name]);
      console.log(JSON.stringify(changed));
    `;
    const options = { cwd: fileURLToPath(new URL('..', import.meta.url)), encoding: 'utf8' } as const;
    const printed = execFileSync('node', [`--input-type=${type}`, '--eval', program], options);
    expect(JSON.parse(printed)).toEqual(expect.arrayContaining([...expected, ...replaced]));
  });
});
