import { describe, expect, it } from 'vitest';
import { optionChecks } from './optionChecks.js';

const {
  checkCount,
  checkedConfig,
  checkFraction,
  checkNotNegative,
  checkPositive,
  rejectUnknownConfig,
  rejectUnknownOptions,
} = optionChecks((message) => new RangeError(message));

describe('rejectUnknownOptions', () => {
  it('suggests the name here of a common synonym, else the nearest name, else lists all', () => {
    const reject = (options: object) => () =>
      rejectUnknownOptions('pgd', options, ['steps', 'restarts', 'loss']);
    expect(reject({ iterations: 5 })).toThrow(
      new RangeError('pgd.iterations: got an unknown option; expected steps. Rename it.'),
    );
    expect(reject({ restart: 5 })).toThrow('pgd.restart: got an unknown option; expected restarts.');
    expect(reject({ colour: 5 })).toThrow(
      'pgd.colour: got an unknown option; expected one of steps, restarts, loss. Remove it or rename it.',
    );
    expect(reject({ steps: 5, loss: undefined })).not.toThrow();
  });

  it.each([null, [], 3, 'fast'])('refuses %j in place of the options', (options) => {
    expect(() => rejectUnknownOptions('pgd', options as object, ['steps'])).toThrow(
      /^pgd: got .*; expected an object with options \(steps\)\.$/,
    );
  });
});

describe('rejectUnknownConfig', () => {
  const reject = (config: unknown) => () => rejectUnknownConfig('Sum', config as object, ['units']);

  it('accepts the keys of every tfjs layer, and what tfjs adds on loading', () => {
    expect(reject({ units: 1, name: 'sum', batchInputShape: [null, 3], customObjects: {} })).not.toThrow();
    expect(reject(undefined)).not.toThrow();
  });

  it('refuses other keys and other values', () => {
    expect(reject({ unit: 1, customObjects: {} })).toThrow(/^Sum\.unit: .*expected units/);
    expect(reject({ trainble: false })).toThrow(/expected trainable/);
    expect(reject('sum')).toThrow(/^Sum: got 'sum'; expected an object/);
    expect(reject({ colour: 1 })).not.toThrow(/customObjects/);
  });
});

describe('checkedConfig', () => {
  const check = (config: unknown) => checkedConfig('Sum', config as { units?: number }, { units: true });

  it('returns the config, and refuses one with unknown keys or none', () => {
    const config = { units: 2, name: 'sum' };
    expect(check(config)).toBe(config);
    expect(() => check({ unit: 2 })).toThrow(/^Sum\.unit: .*expected units/);
    expect(() => check(undefined)).toThrow('Sum: got undefined; expected an object with options.');
    expect(() => check(null)).toThrow(/^Sum: got null; expected an object/);
  });
});

it.each(['1', [1], null, true, Number.NaN, {}])('checks of numbers refuse %j', (value) => {
  for (const check of [checkFraction, checkPositive, checkNotNegative, checkCount]) {
    expect(() => check('rate', value as number)).toThrow(/^rate: got .*; expected a/);
  }
});

it('checkFraction refuses all but numbers in [0, 1)', () => {
  for (const value of [0, 0.5, 0.999]) expect(() => checkFraction('rate', value)).not.toThrow();
  for (const value of [-0.1, 1, Number.NaN]) {
    expect(() => checkFraction('rate', value)).toThrow(`rate: got ${value}; expected a number in [0, 1).`);
  }
});
