import { attackConditions } from '@amr/attacks';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { attackOf, budgetsOf, trainingAttack } from './attacks.js';
import { augmentationOf } from './data.js';
import { resolveSettings, shipped } from './settings/resolveSettings.js';

beforeAll(() => tf.setBackend('cpu'));

const settingsOf = (preset: string, data: string, set: string[] = []) =>
  resolveSettings({ preset, data, set }).settings;

it.each(shipped('presets').flatMap((preset) => shipped('datasets').map((data) => [preset, data] as const)))(
  'every attack of %s can be made on %s',
  (preset, data) => {
    const settings = settingsOf(preset, data);
    const conditions = Object.values(attackConditions(budgetsOf(settings)));
    for (const { attacks } of Object.values(settings.evaluation.suites)) {
      for (const attack of Object.values(attacks)) {
        for (const threatModel of conditions)
          expect(attackOf(attack)(threatModel).threatModel).toBe(threatModel);
      }
    }
    expect(trainingAttack(settings)).toBeDefined();
  },
);

describe('budgets', () => {
  const masked = (data: string, skeleton: tf.Tensor): number[] => {
    const { mask } = budgetsOf(settingsOf('smoke', data))['skeleton']!;
    const allowed = (mask as (x: tf.Tensor) => tf.Tensor)(skeleton);
    return [...tf.mul(tf.onesLike(skeleton), allowed).dataSync()];
  };

  it('leave absent bodies alone', () => {
    // One frame of two persons of two joints; the second person is absent, a joint of the first at the origin is not.
    const skeleton = tf.tensor([0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0, 0], [1, 2, 1, 2, 3]);
    expect(masked('ntu60', skeleton)).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
  });

  it("leave key points that weren't found, and their scores, alone", () => {
    const points = tf.tensor([0.1, 0.2, 0.9, 0, 0, 0], [1, 1, 1, 2, 3]);
    expect(masked('imigue', points)).toEqual([1, 1, 0, 0, 0, 0]);
  });

  it('take epsilons as the files give them', () => {
    const { depth, skeleton } = budgetsOf(
      settingsOf('smoke', 'utd-mhad', [
        'streams.video.modality=depth',
        'streams.video.channels=1',
        'streams.video.budget.epsilon=4/255',
      ]),
    );
    expect(depth).toMatchObject({ norm: 'linf', epsilon: 4 / 255, range: [0, 1] });
    expect(skeleton).toMatchObject({ norm: 'linf', epsilon: 0.02 });
  });
});

it('takes the mirror of the data set and the changes of the stage', () => {
  const training = { stage: 'video', seed: 3 } as const;
  expect(augmentationOf(settingsOf('smoke', 'ntu60'), training)).toEqual({
    shift: 2,
    brightness: 0.15,
    cropTime: 0.15,
    mirror: 0.5,
    mirrorClasses: [],
    seed: 3,
  });
  expect(augmentationOf(settingsOf('smoke', 'utd-mhad'), training)).not.toHaveProperty('mirror');
});
