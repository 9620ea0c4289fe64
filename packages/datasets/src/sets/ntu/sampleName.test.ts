import { describe, expect, it } from 'vitest';
import { ntu60Classes, ntu120Classes } from './classNames.js';
import { formatSampleName, parseSampleName } from './sampleName.js';

describe('sample names', () => {
  it('are read and written', () => {
    const tags = { setup: 17, camera: 2, subject: 40, replication: 1, action: 60 };
    expect(formatSampleName(tags)).toBe('S017C002P040R001A060');
    expect(parseSampleName('S017C002P040R001A060')).toEqual(tags);
  });

  it.each(['', 'S1C2P3R1A4', 'S001C001P001R001A0011', 's001c001p001r001a001', 'S001C001P001R001Axyz'])(
    "'%s' is none",
    (name) => expect(parseSampleName(name)).toBeUndefined(),
  );
});

it('there are 60 and 120 different actions, the first 60 the same', () => {
  expect(ntu60Classes).toHaveLength(60);
  expect(new Set(ntu120Classes).size).toBe(120);
  expect(ntu120Classes.slice(0, 60)).toEqual([...ntu60Classes]);
  expect([ntu60Classes[0], ntu60Classes[22], ntu60Classes[59], ntu120Classes[119]]).toEqual([
    'drink water',
    'hand waving',
    'walking apart',
    'rock-paper-scissors',
  ]);
});
