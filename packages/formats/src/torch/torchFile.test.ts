import { described, golden, testData } from '@amr/testing/formats/golden';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { NumericArray } from '../numericArray.js';
import { PickleRefusedError } from '../pickle/pickleErrors.js';
import { readTorchFile, type TorchValue } from './torchFile.js';
import { TorchFileError } from './torchTensors.js';

const tensorsOf = (value: TorchValue) => value as Map<string, NumericArray>;
/** An archive of torch.save with some entries replaced. */
function altered(file: string, changes: { [name: string]: Uint8Array | undefined }): Uint8Array {
  const entries = Object.entries({ ...unzipSync(testData(file)), ...changes });
  return zipSync(Object.fromEntries(entries.filter((entry): entry is [string, Uint8Array] => !!entry[1])));
}
const text = (content: string) => new TextEncoder().encode(content);

describe('readTorchFile', () => {
  it.each(['tensors.pth', 'tensors4.pth', 'tensorsLegacy.pth'])(
    'reads tensors of all types and layouts: %s',
    (file) => {
      expect(described(tensorsOf(readTorchFile(testData(file))))).toEqual(golden.tensors);
    },
  );

  it('returns views of the file for tensors that lie row by row', () => {
    const bytes = testData('tensors.pth');
    const tensors = tensorsOf(readTorchFile(bytes));
    expect(tensors.get('whole')!.values.buffer).toBe(bytes.buffer);
    expect(tensors.get('slice')!.values.byteOffset).toBe(tensors.get('whole')!.values.byteOffset + 48);
  });

  it('reads Python values next to tensors', () => {
    const checkpoint = readTorchFile(testData('checkpoint.pth')) as Map<string, TorchValue>;
    expect([checkpoint.get('epoch'), checkpoint.get('loss')]).toEqual([3, 0.25]);
    expect(checkpoint.get('notes')).toEqual([
      'a',
      ['b', null, true],
      new Map([['k', text('bytes')]]),
      new Set([1, 2]),
      2n ** 70n,
      -(2 ** 40),
      [2, 3],
    ]);
  });

  it('reads big-endian files', () => {
    const swapped = (bytes: Uint8Array) => bytes.slice().reverse();
    const entries = unzipSync(testData('checkpoint.pth'));
    const changes = Object.fromEntries(
      Object.entries(entries)
        .filter(([name]) => /data\/\d+$/.test(name))
        .map(([name, bytes]) => [name, swapped(bytes)]),
    );
    const bytes = altered('checkpoint.pth', { ...changes, 'checkpoint/byteorder': text('big') });
    const found = readTorchFile(bytes) as Map<string, Map<string, NumericArray>>;
    const weight = described(found.get('state_dict')!)['0.weight']!;
    // The whole storage was reversed, so the elements are in reverse order.
    expect(weight.values).toEqual([...golden.checkpoint['0.weight']!.values].reverse());
    expect(() =>
      readTorchFile(altered('checkpoint.pth', { 'checkpoint/byteorder': text('middle') })),
    ).toThrow(/^byteorder: got 'middle'; expected little or big/);
  });

  it('refuses a module by the name of its class', () => {
    const read = () => readTorchFile(testData('module.pth'));
    expect(read).toThrow(PickleRefusedError);
    expect(read).toThrow(
      /torch.nn.modules.linear.Linear, which is refused.*torch.save\(model.state_dict\(\), path\)/,
    );
  });

  it.each([
    [
      'another pickle',
      Uint8Array.of(0x80, 2, 0x4e, 0x2e),
      /got another pickle; expected a file of torch.save/,
    ],
    [
      'an old file cut off',
      testData('tensorsLegacy.pth').subarray(0, -1),
      /byte \d+: got \d+ bytes to the end; expected \d+\. Was the file cut off/,
    ],
    ['TorchScript', testData('script.pt'), /TorchScript archive.*torch.save\(model.state_dict\(\), path\)/],
    ['another archive', zipSync({ 'a.txt': text('a') }), /got an archive of a\.txt; expected .*data\.pkl/],
    [
      'an expanded tensor',
      testData('expanded.pth'),
      /expected one within its storage of 1 elements.*contiguous/,
    ],
    [
      'a storage that is cut',
      altered('tensors.pth', { 'tensors/data/0': text('1234567') }),
      /storage 0: got 7 bytes; expected 16, for 2 float64/,
    ],
    ['a missing storage', altered('tensors.pth', { 'tensors/data/0': undefined }), /storage 0: got no bytes/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readTorchFile(bytes)).toThrow(TorchFileError);
    expect(() => readTorchFile(bytes)).toThrow(message);
  });

  it('refuses deep nesting where a tensor expects sizes', () => {
    const deep = [...Array<number>(200_000).fill(0x85)]; // TUPLE1
    const torch = [...text('ctorch._utils\n_rebuild_tensor_v2\n')];
    const storage = [0x58, 7, 0, 0, 0, ...text('storage'), ...text('ctorch\nFloatStorage\n')];
    const id = [0x58, 1, 0, 0, 0, ...text('0'), 0x4e, 0x4b, 1, 0x74, 0x51];
    const tensor = [0x28, 0x28, ...storage, ...id, 0x4b, 0, 0x29, ...deep, 0x29, 0x74, 0x52];
    const pickle = Uint8Array.from([0x80, 2, ...torch, ...tensor, 0x2e]);
    const bytes = altered('tensors.pth', { 'tensors/data.pkl': pickle });
    expect(() => readTorchFile(bytes)).toThrow(/sizes and as many strides/);
  });

  it('converts at most maxBytes for many tensors over one storage', () => {
    const name = (path: string) => [...text(`c${path}\n`)];
    const size = [0x4d, 0xe8, 3]; // 1000
    const storage = [0x58, 7, 0, 0, 0, ...text('storage'), ...name('torch\nHalfStorage')];
    const id = [0x28, ...storage, 0x58, 1, 0, 0, 0, ...text('0'), 0x4e, ...size, 0x74, 0x51];
    const tensor = [...name('torch._utils\n_rebuild_tensor_v2'), 0x28, ...id, 0x4b, 0, ...size, 0x85, 0x4b, 1, 0x85, 0x74, 0x52]; // biome-ignore format: one program
    const file = (count: number) => {
      const program = [0x80, 2, 0x28, ...Array<number[]>(count).fill(tensor).flat(), 0x6c, 0x2e];
      return altered('tensors.pth', {
        'tensors/data.pkl': Uint8Array.from(program),
        'tensors/data/0': new Uint8Array(2000),
      });
    };
    // Each becomes 4000 bytes of float32.
    expect(readTorchFile(file(12), { maxBytes: 50_000 })).toHaveLength(12);
    expect(() => readTorchFile(file(13), { maxBytes: 50_000 })).toThrow(
      /more than 50000 bytes .*expected at most maxBytes/,
    );
  });

  it('copies at most maxBytes', () => {
    const size = testData('tensors.pth').length;
    expect(() => readTorchFile(testData('tensors.pth'), { maxBytes: 100 })).toThrow(/maxBytes, 100/);
    expect(readTorchFile(testData('tensors.pth'), { maxBytes: size })).toBeInstanceOf(Map);
  });
});
