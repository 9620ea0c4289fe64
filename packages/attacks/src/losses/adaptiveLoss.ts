import { formatValue, mismatch } from '@amr/internal';
import * as tf from '@tensorflow/tfjs-core';
import { AttackInputError } from '../errors.js';
import { checkNotNegative, checkOneOf, checkOption, rejectUnknownOptions } from '../options.js';
import { type AttackLoss, type LossInputs, maximisedLossOf, type ObservedLoss } from './attackLoss.js';
import { gateLogOdds } from './gateLogOdds.js';
import { headLoss } from './headLoss.js';
import { sumOfLosses } from './sumOfLosses.js';

/** Options of {@link adaptiveLoss}. */
export interface AdaptiveLossOptions {
  /** The output with the auxiliary logits `[batch, classes]` of each modality, in the order of the gate's columns. */
  heads: { [modality: string]: string };
  /** The output with the modalities' weights `[batch, columns]`, or several outputs, one for each gate. Default: no gate term. */
  gate?: string | readonly string[];
  /** Number of the gate's columns for each modality; they are averaged. Default 1 each. */
  channels?: readonly number[];
  /** The modality that the gate is driven to favour. Default: for each sample the one whose head is most wrong. */
  towards?: string;
  /** Weight of each head's loss, 0 or more. Default 1. */
  lambda?: number;
  /** Weight of the gate term, 0 or more. Default 1. */
  mu?: number;
  /** The loss of the fused logits and of each head's logits. Default 'cross-entropy'. */
  loss?: AttackLoss;
}

/**
 * A loss against classifiers that weigh their modalities by attention. It contains the parts of the defence, as the loss
 * of an adaptive attack should (Tramer, Carlini, Brendel and Madry, "On adaptive attacks to adversarial example defenses",
 * NeurIPS 2020). The attack maximises
 *
 * loss(logits) + lambda * sum over m of loss(head_m) + mu * (log a_k - log(sum of a_m, m other than k)),
 *
 * with a the weights of the attention modality reweighter (or any gate) and k, for each sample, the modality whose head
 * is most wrong, or `towards`. The reason: where the gate has closed on a modality, the gradient of the fused logits with
 * respect to it vanishes. The gradient of the modality's own head doesn't, if the head branches off before the gate. The
 * last term, {@link gateLogOdds}, opens the gate for the modality that errs most, as the attacker wants, and its gradient
 * doesn't vanish when the gate is saturated. With targets, the most wrong head is the one nearest to the target.
 *
 * The gate term and the defaults lambda = mu = 1 are this library's own. The paper of AMR (arXiv 2407.19981) evaluates
 * with FGSM, PGD and CW on the prediction, and torchattacks and Foolbox have no counterpart. Use this loss in addition to
 * the plain loss, not instead, and count a sample as robust only if it withstands both: where the gate isn't saturated, the
 * sum may spend budget on heads and gate where the plain loss would have succeeded, and it fools other samples. It costs no
 * passes beyond those of the loss, only the layers that only heads and gates need.
 * @throws {AttackOptionsError} when heads and gate don't match, or an option is outside its values or unknown; in an
 *   attack {@link AttackInputError} when an output doesn't have the expected shape
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { input, layers, model, type SymbolicTensor } from '@tensorflow/tfjs-layers';
 * import { adaptiveLoss, classifierOf, pgd } from '@amr/attacks';
 * const dense = (units: number, name: string, x: SymbolicTensor, activation?: 'softmax') =>
 *   layers.dense({ units, name, activation }).apply(x) as SymbolicTensor;
 * const rgb = input({ shape: [6], name: 'rgb' });
 * const skeleton = input({ shape: [4], name: 'skeleton' });
 * const joined = layers.concatenate().apply([rgb, skeleton]) as SymbolicTensor;
 * const outputs = [
 *   dense(3, 'logits', joined),
 *   dense(3, 'rgbLogits', rgb),
 *   dense(3, 'skeletonLogits', skeleton),
 *   dense(2, 'weights', joined, 'softmax'),
 * ];
 * const loss = adaptiveLoss({ heads: { rgb: 'rgbLogits', skeleton: 'skeletonLogits' }, gate: 'weights' });
 * const attack = pgd({ rgb: { norm: 'linf', epsilon: 8 / 255, range: [0, 1] } }, { loss });
 * const clean = { rgb: tf.randomUniform([2, 6]), skeleton: tf.randomNormal([2, 4]) };
 * const classifier = classifierOf(model({ inputs: [rgb, skeleton], outputs }));
 * await attack.perturb(classifier, clean, tf.tensor1d([0, 1], 'int32'));
 * ```
 */
export function adaptiveLoss(options: AdaptiveLossOptions): ObservedLoss {
  const { heads, gate, lambda = 1, mu = 1, loss = 'cross-entropy' } = options;
  rejectUnknownOptions('adaptiveLoss', options, KEYS);
  const names = Object.values(heads ?? {});
  checkOption('adaptiveLoss.heads', heads, names.length > 0, 'the auxiliary output of each modality');
  checkNotNegative('adaptiveLoss.lambda', lambda);
  checkNotNegative('adaptiveLoss.mu', mu);
  const gates = gate === undefined ? [] : [gate].flat();
  return sumOfLosses(
    [
      { loss },
      ...names.map((head) => ({ loss: headLoss(head, loss), weight: lambda })),
      ...gates.map((name) => ({ loss: gateLoss(name, options), weight: mu / gates.length })),
    ],
    'adaptive loss',
  );
}

const KEYS = [
  'heads',
  'gate',
  'channels',
  'towards',
  'lambda',
  'mu',
  'loss',
] as const satisfies (keyof AdaptiveLossOptions)[];

/** The log-odds that a gate gives to the favoured modality. */
function gateLoss(gate: string, options: AdaptiveLossOptions): ObservedLoss {
  const modalities = Object.keys(options.heads);
  const { channels = modalities.map(() => 1), towards, loss = 'cross-entropy' } = options;
  const expectedHeads = `two modalities or more for the gate ${formatValue(gate)}`;
  checkOption('adaptiveLoss.heads', options.heads, modalities.length > 1, expectedHeads);
  const good =
    channels.length === modalities.length && channels.every((n) => Number.isSafeInteger(n) && n > 0);
  const expected = `a number of columns, from 1, for each of ${formatValue(modalities)}`;
  checkOption('adaptiveLoss.channels', channels, good, expected);
  if (towards !== undefined) checkOneOf('adaptiveLoss.towards', towards, modalities);
  const headLosses = Object.values(options.heads).map((head) => maximisedLossOf(headLoss(head, loss)));
  /** The column of the favoured modality. {@link gateLogOdds} has no gradient with respect to it. */
  const favouredColumn = (given: LossInputs): tf.Tensor1D =>
    towards === undefined
      ? tf.argMax(
          tf.stack(
            headLosses.map(({ compute }) => compute(given)),
            1,
          ),
          1,
        )
      : tf.fill(given.labels.shape, modalities.indexOf(towards), 'int32');
  return {
    name: `log-odds of '${gate}'`,
    observed: [...new Set([gate, ...headLosses.flatMap(({ observed }) => observed)])],
    heads: headLosses.flatMap(({ heads = [] }) => heads),
    compute: (given) => gateLogOdds(perModality(gate, given, channels), favouredColumn(given)),
  };
}

/** The gate's weights, `[batch, modalities]`: the mean of each modality's columns. */
function perModality(
  gate: string,
  { observed, labels }: LossInputs,
  channels: readonly number[],
): tf.Tensor2D {
  const weights = observed[gate]! as tf.Tensor2D;
  const columns = channels.reduce((sum, count) => sum + count, 0);
  const expected = [labels.shape[0], columns];
  if (weights.shape.join() !== expected.join()) {
    throw new AttackInputError(
      mismatch(
        `The weights of the gate ${formatValue(gate)}`,
        weights,
        `weights of shape ${formatValue(expected)}`,
        'Build the model so that the weights are one of its outputs, and name that output; give channels when a modality has several.',
      ),
    );
  }
  if (channels.every((count) => count === 1)) return weights;
  return tf.concat2d(
    tf.split(weights, [...channels], 1).map((part) => tf.mean<tf.Tensor2D>(part, 1, true)),
    1,
  );
}
