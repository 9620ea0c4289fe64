import { described, golden, testData } from '@amr/testing/formats/golden';
import { describe, expect, it } from 'vitest';
import type { NumericArray } from '../numericArray.js';
import { stateDictOf } from './stateDict.js';
import { readTorchFile, type TorchValue } from './torchFile.js';
import { TorchFileError } from './torchTensors.js';

const tensor: NumericArray = { dtype: 'float32', shape: [1], values: Float32Array.of(1) };
const dict = (entries: { [key: string]: TorchValue }): TorchValue => new Map(Object.entries(entries));
const names = (...args: Parameters<typeof stateDictOf>) => [...stateDictOf(...args).keys()];

describe('stateDictOf', () => {
  it('finds the state dict of a checkpoint that PyTorch wrote', () => {
    expect(described(stateDictOf(readTorchFile(testData('checkpoint.pth'))))).toEqual(golden.checkpoint);
  });

  it.each<[string, TorchValue, string[]]>([
    ['a state dict', dict({ a: tensor, 'b.c': tensor }), ['a', 'b.c']],
    ['model in state_dict', dict({ state_dict: dict({ model: dict({ a: tensor }) }) }), ['a']],
    [
      'model_state next to an optimizer',
      dict({ optimizer: dict({ x: tensor }), model_state: dict({ a: tensor }) }),
      ['a'],
    ],
    ['a tensor called model', dict({ model: tensor, b: dict({ c: tensor }) }), ['model', 'b.c']],
    [
      'parts of a model',
      dict({ encoder: dict({ a: tensor }), head: dict({ b: dict({ c: tensor }) }), epoch: 1 }),
      ['encoder.a', 'head.b.c'],
    ],
    [
      'numbers as keys',
      dict({
        layers: new Map<TorchValue, TorchValue>([
          [0, dict({ a: tensor })],
          [[1], tensor],
        ]),
      }),
      ['layers.0.a'],
    ],
  ])('finds %s', (_, checkpoint, expected) => {
    expect(names(checkpoint)).toEqual(expected);
  });

  it('follows the keys that it is given', () => {
    const checkpoint = dict({ model: dict({ a: tensor }), ema: dict({ model: dict({ b: tensor }) }) });
    expect(names(checkpoint, ['ema', 'model'])).toEqual(['b']);
    expect(() => names(checkpoint, ['ema', 'net'])).toThrow(
      /checkpoint\['ema'\]: got a dict of model; expected the key 'net'/,
    );
  });

  it.each<[string, TorchValue, RegExp]>([
    [
      'no tensors',
      dict({ epoch: 1, lr: 0.1 }),
      /^checkpoint: got a dict of epoch, lr; expected .*Save model.state_dict/,
    ],
    ['a tensor alone', tensor, /expected a dict of tensors/],
    ['a list', [1], /a list/],
    ['None', null, /None/],
  ])('refuses %s', (_, checkpoint, message) => {
    expect(() => stateDictOf(checkpoint)).toThrow(TorchFileError);
    expect(() => stateDictOf(checkpoint)).toThrow(message);
  });

  it('ends for a dict that contains itself', () => {
    const itself = new Map<TorchValue, TorchValue>([['a', tensor]]);
    itself.set('again', itself);
    expect(names(dict({ x: itself, y: itself }))).toEqual(['x.a']);
    const model = new Map<TorchValue, TorchValue>();
    model.set('model', model);
    expect(() => stateDictOf(model)).toThrow(TorchFileError);
  });
});
