import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseLayer } from './layer.js';
import { resolveSettings, shipped } from './resolveSettings.js';
import { SettingsError } from './settingsError.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ntu-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (text: string, name = 'own.yaml'): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const problems = (choice: Partial<Parameters<typeof resolveSettings>[0]>): string[] => {
  try {
    resolveSettings({ preset: 'smoke', data: 'ntu60', ...choice });
  } catch (error) {
    if (error instanceof SettingsError) return error.message.replaceAll(`${folder}/`, '').split('\n');
    throw error;
  }
  return [];
};

describe('shipped files', () => {
  it.each(shipped('presets').flatMap((preset) => shipped('datasets').map((data) => [preset, data] as const)))(
    '%s on %s',
    (preset, data) => {
      const { settings, names } = resolveSettings({ preset, data });
      expect(names).toEqual({ preset, data });
      expect(settings.streams.video.budget).toEqual({ norm: 'linf', epsilon: 8 / 255 });
      expect(Object.keys(settings.defences)).toEqual(
        expect.arrayContaining(['undefended', 'pgd-at', 'amr-at']),
      );
    },
  );

  it('knows where each value comes from', () => {
    const { settings, origin } = resolveSettings({
      preset: 'gpu-24gb',
      data: 'ntu120',
      split: 'xset',
      set: ['training.joint.epochs=5'],
      seeds: [7, 8],
    });
    expect(settings.training.joint.epochs).toBe(5);
    expect(origin('training.joint.epochs')).toEqual({ source: '--set training.joint.epochs=5' });
    expect(origin('training.joint.batchSize')?.source).toMatch(/gpu-24gb\.yaml$/);
    expect(origin('training.joint.warmup')?.source).toMatch(/gpu-80gb\.yaml$/);
    expect(origin('dataset.classes')?.source).toMatch(/ntu120\.yaml$/);
    expect(settings.dataset.split).toBe('xset');
    expect(settings.seeds).toEqual([7, 8]);
    expect(settings.defences).not.toHaveProperty('mmtm-at');
    expect(settings.dataset.counts).not.toHaveProperty('xview');
  });
});

describe('a file of the user', () => {
  it('extends a preset, and another file next to it', () => {
    file('extends: smoke\ntraining:\n  video: { epochs: 9 }\n', 'base.yaml');
    const own = file('extends: ./base.yaml\nmodels:\n  dropout: 0.25\n');
    const { settings, names } = resolveSettings({ preset: own, data: 'ntu60' });
    expect(settings.training.video).toMatchObject({ epochs: 9, batchSize: 8 });
    expect(settings.models.dropout).toBe(0.25);
    expect(names.preset).toBe('own');
  });

  it.each<[name: string, text: string, problem: string]>([
    [
      'a text for a number',
      'extends: smoke\ntraining:\n  video:\n    epochs: ten\n',
      "own.yaml:4:5 training.video.epochs: expected a positive whole number, got 'ten'",
    ],
    [
      'a number out of range',
      'extends: smoke\nmodels:\n  dropout: 1\n',
      'own.yaml:3:3 models.dropout: expected a number from 0 up to, but not, 1, got 1',
    ],
    [
      'a slip in a name',
      'extends: smoke\ntraining:\n  joint:\n    epoch: 10\n',
      "own.yaml:4:5 training.joint.epoch: there is no such setting, did you mean 'epochs'?",
    ],
    [
      'a name unlike any other',
      'extends: smoke\nevaluation:\n  frobnicate: 10\n',
      'own.yaml:3:3 evaluation.frobnicate: there is no such setting, known are batchSize, stopWhenFooled, suites, checks',
    ],
    [
      'an unknown value',
      'extends: smoke\ndefences:\n  amr-at:\n    fusion: concatenate\n',
      "own.yaml:4:5 defences.amr-at.fusion: expected one of concat, sum, gmu, attention, odd-one-out, amr, mmtm, memory, got 'concatenate'",
    ],
    [
      'an unknown network',
      'extends: smoke\nmodels:\n  skeleton: { network: transformer }\n',
      "own.yaml:3:15 models.skeleton.network: expected one of stgcn, stgcnpp, agcn, ctrgcn, hcn, got 'transformer'",
    ],
    [
      'a setting of another attack',
      'extends: smoke\nevaluation:\n  suites:\n    gradient:\n      attacks:\n        fgsm: { steps: 3 }\n',
      'own.yaml:6:17 evaluation.suites.gradient.attacks.fgsm.steps: there is no such setting, known are attack, title, loss',
    ],
    [
      'a list for a group',
      'extends: smoke\nmodels: [1, 2]\n',
      'own.yaml:2:1 models: expected a group of settings, one "name: value" a line, got the list [1, 2]',
    ],
    [
      'an entry of a list',
      'extends: smoke\nseeds:\n  - 1\n  - two\n',
      "own.yaml:4:5 seeds.1: expected a whole number of at least 0, got 'two'",
    ],
    [
      'an invalid fraction',
      'extends: smoke\nstreams:\n  video:\n    budget:\n      epsilon: 8/0\n',
      "own.yaml:5:7 streams.video.budget.epsilon: expected a positive number, or a fraction such as 8/255, got '8/0'",
    ],
    [
      'a value that was taken away',
      'extends: smoke\ntraining:\n  joint:\n    epochs: null\n',
      'own.yaml:3:3 training.joint.epochs: it is missing; expected a positive whole number',
    ],
    [
      'values that do not go together',
      'extends: smoke\nmodels:\n  video:\n    size: 64\n',
      "own.yaml:4:5 models.video.size: expected no more than the prepared pictures' size, 36, got 64",
    ],
    [
      'a baseline that is no defence',
      'extends: smoke\nbaseline: amr\n',
      "own.yaml:2:1 baseline: expected one of the defences, undefended, pgd-at, amr-at, got 'amr'",
    ],
    ['what is not YAML', 'extends: smoke\nmodels: {\n', 'own.yaml:3:1: not YAML: '],
    [
      'a key twice',
      'extends: smoke\nbaseline: a\nbaseline: b\n',
      'own.yaml:3:1: not YAML: Map keys must be unique',
    ],
    ['an alias', 'extends: smoke\nbaseline: *a\n', 'own.yaml:2:11'],
    ['nothing', '', 'own.yaml:1:1: a group of settings was expected'],
    [
      'an unknown base',
      'extends: smok\n',
      "--preset smok: there is none of that name, did you mean 'smoke'?",
    ],
  ])('%s', (_, text, problem) => {
    expect(problems({ preset: file(text) })[0]).toContain(problem);
  });

  it('reports all problems at once', () => {
    const own = file('extends: smoke\nbasline: a\ntraining:\n  video: { epochs: 0, batchSize: 1.5 }\n');
    expect(problems({ preset: own }).map((line) => line.split(': ')[0])).toEqual([
      'own.yaml:4:12 training.video.epochs',
      'own.yaml:4:23 training.video.batchSize',
      'own.yaml:2:1 basline',
    ]);
  });

  it('extends no other in a circle', () => {
    file('extends: ./b.yaml\n', 'a.yaml');
    file('extends: ./a.yaml\n', 'b.yaml');
    expect(problems({ preset: join(folder, 'a.yaml') })[0]).toBe(
      'b.yaml:1:1 extends: a extends b extends a, in a circle',
    );
  });

  it('that is missing, or a folder', () => {
    mkdirSync(join(folder, 'deep.yaml'));
    expect(problems({ preset: join(folder, 'none.yaml') })[0]).toMatch(
      /^none\.yaml: it can't be read \(ENOENT/,
    );
    expect(problems({ preset: join(folder, 'deep.yaml') })[0]).toMatch(
      /^deep\.yaml: it can't be read \(EISDIR/,
    );
  });
});

describe('any text', () => {
  const takenOrRefused = (text: string) => {
    try {
      parseLayer(text, 'own.yaml');
    } catch (error) {
      expect(error).toBeInstanceOf(SettingsError);
    }
  };

  it('is settings or a SettingsError', () => {
    const piece = fc.constantFrom(
      'a',
      ': ',
      '\n',
      '  ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '!!js ',
      '|',
      '"',
      '#',
      '? ',
      '<<',
      '1e999',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => takenOrRefused(pieces.join(''))),
      { numRuns: 300 },
    );
    fc.assert(fc.property(fc.string(), takenOrRefused), { numRuns: 100 });
  });

  it('is refused when it is nested too deeply', () => {
    expect(() => parseLayer(`a: ${'['.repeat(100_000)}`, 'own.yaml')).toThrow(SettingsError);
  });

  it('is safe with the names of object properties', () => {
    const own = file('extends: smoke\n__proto__: { polluted: 1 }\n');
    expect(problems({ preset: own })[0]).toContain("own.yaml:2:1: '__proto__' is no name of a setting");
    expect(problems({ preset: file('extends: smoke\nconstructor: 1\n') })[0]).toContain(
      'there is no such setting',
    );
  });
});

describe('the command line', () => {
  it.each<[choice: Parameters<typeof problems>[0], problem: string]>([
    [{ preset: 'smok' }, "--preset smok: there is none of that name, did you mean 'smoke'?"],
    [
      { data: 'imagenet' },
      '--data imagenet: there is none of that name, known are imigue, ntu120, ntu60, utd-mhad',
    ],
    [{ split: 'xset' }, "--split dataset.split: expected one of the splits, xsub, xview, got 'xset'"],
    [{ set: ['epochs'] }, '--set epochs: expected path=value, such as training.video.epochs=5'],
    [
      { set: ['training.video.epochs=ten'] },
      "--set training.video.epochs=ten training.video.epochs: expected a positive whole number, got 'ten'",
    ],
    [{ set: ['training.vidio.epochs=1'] }, "training.vidio: there is no such setting, did you mean 'video'?"],
    [{ set: ['baseline={'] }, '--set baseline={ baseline: not YAML: '],
    [{ set: ['__proto__.a=1'] }, 'expected path=value'],
    [{ seeds: [] }, 'seeds: expected a list of whole numbers, with one or more, got the list []'],
  ])('%j', (choice, problem) => {
    expect(problems(choice)[0]).toContain(problem);
  });

  it('takes groups and lists', () => {
    const { settings } = resolveSettings({
      preset: 'smoke',
      data: 'ntu60',
      set: ['training.joint.attack={ steps: 3 }', 'models.video.blocks=[1, 1]', 'models.video.strides=null'],
    });
    expect(settings.training.joint.attack).toEqual({ steps: 3, randomStart: true, conditions: 'both' });
    expect(settings.models.video).toMatchObject({ blocks: [1, 1] });
    expect(settings.models.video).not.toHaveProperty('strides');
  });
});
