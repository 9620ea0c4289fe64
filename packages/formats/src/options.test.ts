import { testData } from '@amr/testing/formats/golden';
import { expect, expectTypeOf, it } from 'vitest';
import { FormatError, FormatOptionsError } from './errors.js';
import {
  type MatArray,
  MatError,
  NpyError,
  PickleError,
  PickleRefusedError,
  readMat,
  readNpz,
  readPickle,
  readTensorFile,
  readTorchFile,
  readZip,
  SafetensorsError,
  TorchFileError,
  ZipError,
} from './index.js';

const readers: [string, (options: object) => unknown, string][] = [
  ['readZip', (options) => readZip(testData('arrays.npz'), options), 'maxBytes'],
  ['readNpz', (options) => readNpz(testData('arrays.npz'), options), 'maxBytes'],
  ['readTorchFile', (options) => readTorchFile(testData('tensors.pth'), options), 'maxBytes'],
  ['readTensorFile', (options) => readTensorFile(testData('tensors.pth'), options), 'maxBytes'],
  ['readMat', (options) => readMat(testData('narrow.mat'), options), 'maxBytes'],
];

it.each(readers)('%s refuses an option that it does not know, with a suggestion', (name, read, option) => {
  expect(() => read({ [`${option}s`]: 1 })).toThrow(FormatOptionsError);
  expect(() => read({ [`${option}s`]: 1 })).toThrow(
    `${name}.${option}s: got an unknown option; expected ${option}. Rename it.`,
  );
  expect(() => read([])).toThrow(`${name}: got []; expected an object with options`);
});

it('readPickle refuses an option that it does not know', () => {
  const bytes = Uint8Array.of(0x80, 2, 0x4e, 0x2e);
  expect(() => readPickle(bytes, { globals: new Map(), persistant: () => null } as never)).toThrow(
    'readPickle.persistant: got an unknown option; expected persistent.',
  );
});

it('refuses a limit that is not a number', () => {
  expect(() => readMat(testData('narrow.mat'), { maxBytes: Number.NaN })).toThrow(
    /^readMat\.maxBytes: got NaN; expected a number of bytes/,
  );
  expect(() => readZip(testData('arrays.npz'), { maxBytes: -1 })).toThrow(/^readZip\.maxBytes: got -1;/);
});

it('gives each kind of error its own code', () => {
  const errors = [
    new FormatError(''),
    new ZipError(''),
    new NpyError(''),
    new PickleError(''),
    new PickleRefusedError(''),
    new SafetensorsError(''),
    new TorchFileError(''),
    new MatError('', 0),
  ];
  expect(errors.every((error) => error instanceof FormatError)).toBe(true);
  const codes = [...errors, new FormatOptionsError('')].map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.every((code) => /^AMR_[A-Z_]+$/.test(code))).toBe(true);
});

it('has typed results', () => {
  expectTypeOf(readMat).returns.toEqualTypeOf<Map<string, MatArray>>();
  expectTypeOf(readTensorFile)
    .returns.toHaveProperty('format')
    .toEqualTypeOf<'safetensors' | 'npz' | 'torch'>();
  expectTypeOf<PickleRefusedError['code']>().toEqualTypeOf<'AMR_PICKLE_REFUSED'>();
});
