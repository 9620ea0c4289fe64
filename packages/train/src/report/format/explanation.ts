import type { Comparison } from '../figures/comparison.js';
import { conditionLabel } from './comparisonColumns.js';
import { threatModelText } from './threatModelText.js';

/** What the figures mean, in sentences. */
export function explanation({ config, options, seeds }: Comparison): string[] {
  const hasSingle = seeds.some((count) => count === 1);
  const ranges = [
    hasSingle && 'the 95 % interval of the accuracy on other samples of the same kind',
    seeds.some((count) => count > 1) && 'for several training seeds the least and the greatest value',
  ].filter(Boolean);
  const attacked = config.conditions.filter(({ modalities }) => modalities.length > 0);
  return [
    `Accuracies in % of all ${config.samples} test samples; a sample that is wrong without an attack counts as wrong. In brackets ${ranges.join(', or ')}.`,
    `Conditions: ${attacked.map((condition) => `${conditionLabel(condition.name, condition.modalities)}: ${threatModelText(condition)}`).join('; ')}.`,
    ...(options.baseline
      ? [
          `RI: (clean + average robust accuracy) minus that of '${options.baseline}', in points, with the 95 % interval of the differences sample by sample.`,
        ]
      : []),
    'Balance: difference between the accuracies under the attacks on one modality alone, in points; less is more even.',
    "A figure is marked as best only when its range lies above every other model's.",
    ...(hasSingle
      ? ['Intervals of one training seed say nothing about how much another seed would change the model.']
      : []),
  ];
}
