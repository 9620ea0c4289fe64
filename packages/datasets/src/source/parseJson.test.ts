import { expect, it } from 'vitest';
import { parseJson } from './parseJson.js';

it('gives the line of a syntax error', () => {
  expect(parseJson('{"a": [1]}', 'a.json')).toEqual({ a: [1] });
  for (const [text, line] of [
    ['', 1],
    ['{\n"a": 1,\n"b" 2\n}', 3],
    ['{\n"a": [1,\n', 3],
    ['[1]\n[2]', 2],
  ] as const) {
    expect(() => parseJson(text, 'a.json')).toThrow(
      expect.objectContaining({ name: 'DatasetError', file: 'a.json', line }),
    );
  }
});
