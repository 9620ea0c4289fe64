import * as tf from '@tensorflow/tfjs-core';
import type { Modalities } from '../classifier/classifier.js';
import { type Attack, checkPerturbOptions } from '../search/attack.js';
import { checkBatch } from '../search/validation.js';
import { type Random, randomOf } from '../tensors/random.js';
import { checkThreatModel } from '../threatModel/checkThreatModel.js';
import type { ThreatModel } from '../threatModel/threatModel.js';

/**
 * Makes an attack from a corruption: a change of whole inputs that depends on the inputs alone and has no budget.
 * @param corrupt the corrupted inputs, by name; owned by the caller
 */
export function corruption(
  name: string,
  modalities: readonly string[],
  corrupt: (inputs: Modalities, random: Random) => Promise<Modalities> | Modalities,
): Attack {
  const threatModel: ThreatModel = Object.fromEntries(
    modalities.map((modality) => [modality, { norm: 'linf', epsilon: Infinity }]),
  );
  checkThreatModel(threatModel, { allowInfiniteEpsilon: true });
  return {
    name,
    threatModel,
    async perturb(_, inputs, labels, options = {}) {
      checkPerturbOptions(options);
      options.signal?.throwIfAborted();
      const { seed, rows, targets } = options;
      const anyLabels = typeof options.criterion === 'function';
      const goals = { labels, ...(targets instanceof tf.Tensor && { targets }) };
      const checks = { allowInfiniteEpsilon: true, anyLabels, seed, rows };
      tf.dispose((await checkBatch(threatModel, inputs, goals, checks)).masks);
      const corrupted = await corrupt(inputs, randomOf(options.seed, options.rows));
      return Object.fromEntries(
        Object.entries(inputs).map(([modality, x]) => [modality, corrupted[modality] ?? tf.clone(x)]),
      );
    },
  };
}
