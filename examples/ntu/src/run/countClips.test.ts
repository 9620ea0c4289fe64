import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countClips } from './countClips.js';
import { CLIPS, prepareSmall, smallSettings } from './smallRun.fixture.js';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'count-'));
  await prepareSmall(folder);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const countWith = (...set: string[]) =>
  countClips({ settings: smallSettings(set), prepared: join(folder, 'prepared') });

describe('countClips', () => {
  it('counts both parts', async () => {
    expect(await countWith()).toEqual({ train: CLIPS, test: CLIPS });
    expect(await countWith('models.skeleton.frames=4')).toEqual({ train: CLIPS, test: CLIPS });
  });

  it.each([
    [['prepare.video.size=12'], /holds rgb of shape \[2, 10, 10, 3\]; expected \[2, 12, 12, 3\]/],
    [['prepare.video.frames=1'], /holds rgb of shape \[2, 10, 10, 3\]; expected \[1, 10, 10, 3\]/],
    [['prepare.skeleton.frames=5'], /skeleton of shape \[1, 6, 25, 3\]; expected \[1, 5, 25, 3\]/],
    [['streams.skeleton.persons=2'], /expected \[2, 6, 25, 3\]/],
    [
      ['streams.skeleton.layout=utd-mhad'],
      /--prepared: got .* of shape \[1, 6, 25, 3\]; expected \[1, 6, 20, 3\]/,
    ],
    [['dataset.classes=60'], /holds 3 classes; expected the 60 of NTU RGB\+D 60/],
    [['streams.video.modality=depth'], /modalities: got 'depth'; expected names among rgb, skeleton/],
    [['dataset.split=xview'], /xview/],
  ])('refuses other data than the settings say: %j', async (set, message) => {
    await expect(countWith(...set)).rejects.toThrow(message);
  });

  it('names what is missing in an empty folder', async () => {
    await expect(countClips({ settings: smallSettings(), prepared: folder })).rejects.toThrow(
      /manifest\.json/,
    );
  });
});
