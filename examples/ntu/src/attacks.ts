import {
  type Attack,
  allOf,
  apgd,
  attackConditions,
  autoAttack,
  type Budget,
  fab,
  fgsm,
  mifgsm,
  noise,
  onlyPresent,
  pgd,
  square,
  type ThreatModel,
} from '@amr/attacks';
import { type AttackChoice, cycleAttacks } from '@amr/train';
import * as tf from '@tensorflow/tfjs-core';
import type { AttackSettings, Settings } from './settings/settings.js';

/** What the adversary may change of each modality, and by how much. */
export function budgetsOf({ streams }: Settings): { [modality: string]: Budget } {
  const { video, skeleton } = streams;
  const { norm, epsilon, coordinates } = skeleton.budget;
  // A body or key point that was not found is all zero, and stays so; the adversary can't change a detector's score.
  const mask =
    coordinates === undefined ? onlyPresent() : allOf(foundPoints, leadingCoordinates(coordinates));
  return {
    [video.modality]: { norm: video.budget.norm, epsilon: video.budget.epsilon, range: [0, 1] },
    [skeleton.modality]: { norm, epsilon, mask },
  };
}

/** 1 for joints that aren't all zero: [..., joints, coordinates] -> [..., joints, 1]. */
const foundPoints = (points: tf.Tensor): tf.Tensor =>
  tf.tidy(() => tf.cast(tf.any(tf.notEqual(points, 0), -1, true), 'float32'));

const leadingCoordinates = (count: number) => (points: tf.Tensor) =>
  tf.tidy(() => {
    const axis = Array.from({ length: points.shape.at(-1)! }, (_, i) => (i < count ? 1 : 0));
    return tf.reshape(tf.tensor1d(axis), [...Array(points.rank - 1).fill(1), axis.length]);
  });

/** The attack of these settings, for a threat model. */
export function attackOf(settings: AttackSettings): (threatModel: ThreatModel) => Attack {
  switch (settings.attack) {
    case 'fgsm':
      return (threatModel) => fgsm(threatModel, optionsOf(settings));
    case 'pgd':
      return (threatModel) => pgd(threatModel, optionsOf(settings));
    case 'mifgsm':
      return (threatModel) => mifgsm(threatModel, optionsOf(settings));
    case 'apgd':
      return (threatModel) => apgd(threatModel, optionsOf(settings));
    case 'square':
      return (threatModel) => square(threatModel, optionsOf(settings));
    case 'noise':
      return (threatModel) => noise(threatModel, optionsOf(settings));
    case 'autoAttack': {
      const { short, version } = settings;
      return (threatModel) =>
        short ? shortAutoAttack(threatModel, short) : autoAttack(threatModel, { version });
    }
  }
}

function optionsOf<S extends AttackSettings>({
  attack: _,
  title: __,
  ...options
}: S): Omit<S, 'attack' | 'title'> {
  return options as Omit<S, 'attack' | 'title'>;
}

/** The four attacks of AutoAttack's standard version, each with fewer steps, for quick trials. */
function shortAutoAttack(
  threatModel: ThreatModel,
  { steps, targetClasses, queries }: { steps: number; targetClasses: number; queries: number },
): Attack {
  return autoAttack(threatModel, {
    attacks: {
      'apgd-ce': (own) => apgd(own, { steps }),
      // DLR is not defined for three classes or fewer.
      'apgd-t': (own, { classes }) => apgd(own, { steps, targetClasses, loss: classes > 3 ? 'dlr' : 'cw' }),
      'fab-t': (own) => fab(own, { steps, targetClasses }),
      square: (own) => square(own, { queries }),
    },
  });
}

/** The attack of adversarial training: on both inputs at once, or on each alone and both in turn. */
export function trainingAttack(settings: Settings): AttackChoice {
  const { steps, randomStart, conditions } = settings.training.joint.attack;
  const budgets = budgetsOf(settings);
  return conditions === 'both'
    ? pgd(budgets, { steps, randomStart })
    : cycleAttacks(
        Object.values(attackConditions(budgets)).map((threatModel) =>
          pgd(threatModel, { steps, randomStart }),
        ),
      );
}
