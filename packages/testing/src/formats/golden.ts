import { readFileSync } from 'node:fs';
import type { NumericArray } from '@amr/formats';

const url = (file: string) => new URL(`../../../formats/test-data/${file}`, import.meta.url);

/** An array as Python describes it: values that JSON has no number for are texts. */
export interface Described {
  dtype: string;
  shape: number[];
  values: (number | string)[];
}

/** The file that test-data/formats.py wrote. */
interface Golden {
  tensors: { [name: string]: Described };
  checkpoint: { [name: string]: Described };
  arrays: { [name: string]: Described };
  pickles: { values: unknown; bytes: { [protocol: string]: string } };
  evil: { [protocol: string]: string };
}

export const golden: Golden = JSON.parse(readFileSync(url('golden.json'), 'utf8'));

/** A file of test-data. */
export const testData = (file: string): Uint8Array => new Uint8Array(readFileSync(url(file)));

/** Arrays as Python would describe them. */
export function described(arrays: ReadonlyMap<string, NumericArray>): { [name: string]: Described } {
  return Object.fromEntries([...arrays].map(([name, array]) => [name, describedArray(array)]));
}

function describedArray({ dtype, shape, values }: NumericArray): Described {
  const texts = Array.from(values as ArrayLike<number | bigint>, (value) => {
    if (Number.isNaN(value)) return 'nan';
    if (Math.abs(Number(value)) === Number.POSITIVE_INFINITY) return value > 0 ? 'inf' : '-inf';
    return Math.abs(Number(value)) > 2 ** 53 && typeof value === 'bigint' ? String(value) : Number(value);
  });
  return { dtype, shape, values: texts };
}

/** Bytes from their hexadecimal digits. */
export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
