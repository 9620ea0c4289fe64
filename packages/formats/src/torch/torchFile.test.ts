import { described, golden, testData } from '@amr/testing/formats/golden';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { NumericArray } from '../numericArray.js';
import { PickleRefusedError } from '../pickle/pickle.js';
import { readTorchFile, type TorchValue } from './torchFile.js';
import { TorchFileError } from './torchTensors.js';

const tensorsOf = (value: TorchValue) => value as Map<string, NumericArray>;
/** An archive of torch.save's with other contents in places. */
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

  it('gives views of the file for what lies row by row in it', () => {
    const bytes = testData('tensors.pth');
    const tensors = tensorsOf(readTorchFile(bytes));
    expect(tensors.get('whole')!.values.buffer).toBe(bytes.buffer);
    expect(tensors.get('slice')!.values.byteOffset).toBe(tensors.get('whole')!.values.byteOffset + 48);
  });

  it('reads values of Python beside tensors', () => {
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
    // Reversed as a whole: the elements are in reverse too.
    expect(weight.values).toEqual([...golden.checkpoint['0.weight']!.values].reverse());
    expect(() =>
      readTorchFile(altered('checkpoint.pth', { 'checkpoint/byteorder': text('middle') })),
    ).toThrow(/byte order 'middle'/);
  });

  it('refuses a module by the name of its class', () => {
    const read = () => readTorchFile(testData('module.pth'));
    expect(read).toThrow(PickleRefusedError);
    expect(read).toThrow(
      /torch.nn.modules.linear.Linear, which is refused.*model.state_dict\(\) alone can be read/,
    );
  });

  it.each([
    [
      'another pickle',
      Uint8Array.of(0x80, 2, 0x4e, 0x2e),
      /expected a file of torch.save, got another pickle/,
    ],
    ['an old file cut off', testData('tensorsLegacy.pth').subarray(0, -1), /bytes are expected from byte/],
    ['TorchScript', testData('script.pt'), /TorchScript archive.*torch.save\(model.state_dict\(\), path\)/],
    ['another archive', zipSync({ 'a.txt': text('a') }), /with a data.pkl, got one of a.txt/],
    ['an expanded tensor', testData('expanded.pth'), /needs more than its storage of 1;.*contiguous/],
    [
      'a storage that is cut',
      altered('tensors.pth', { 'tensors/data/0': text('1234567') }),
      /storage 0 of 2 float64 takes 16 bytes, the file has 7/,
    ],
    ['a missing storage', altered('tensors.pth', { 'tensors/data/0': undefined }), /storage 0 .* has none/],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readTorchFile(bytes)).toThrow(TorchFileError);
    expect(() => readTorchFile(bytes)).toThrow(message);
  });

  it('refuses nesting without end where a tensor expects sizes', () => {
    const deep = [...Array<number>(200_000).fill(0x85)]; // TUPLE1
    const torch = [...text('ctorch._utils\n_rebuild_tensor_v2\n')];
    const storage = [0x58, 7, 0, 0, 0, ...text('storage'), ...text('ctorch\nFloatStorage\n')];
    const id = [0x58, 1, 0, 0, 0, ...text('0'), 0x4e, 0x4b, 1, 0x74, 0x51];
    const tensor = [0x28, 0x28, ...storage, ...id, 0x4b, 0, 0x29, ...deep, 0x29, 0x74, 0x52];
    const pickle = Uint8Array.from([0x80, 2, ...torch, ...tensor, 0x2e]);
    const bytes = altered('tensors.pth', { 'tensors/data.pkl': pickle });
    expect(() => readTorchFile(bytes)).toThrow(/sizes and as many strides/);
  });

  it('converts no more than maxBytes, however many tensors lie over one storage', () => {
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
    expect(() => readTorchFile(file(13), { maxBytes: 50_000 })).toThrow(/more than maxBytes, 50000/);
  });

  it('copies no more than maxBytes', () => {
    const size = testData('tensors.pth').length;
    expect(() => readTorchFile(testData('tensors.pth'), { maxBytes: 100 })).toThrow(/maxBytes, 100/);
    expect(readTorchFile(testData('tensors.pth'), { maxBytes: size })).toBeInstanceOf(Map);
  });
});
