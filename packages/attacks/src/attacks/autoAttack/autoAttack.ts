import { type Progress, progressClock } from '@amr/internal';
import type * as tf from '@tensorflow/tfjs-core';
import type { Classifier, Modalities } from '../../classifier/classifier.js';
import { ThreatModelError } from '../../errors.js';
import type { LossFunction } from '../../losses/attackLoss.js';
import { checkCount, checkOneOf, checkOption, optionKeys, rejectUnknownOptions } from '../../options.js';
import { type Attack, checkPerturbOptions, type PerturbOptions } from '../../search/attack.js';
import { BatchAttack } from '../../search/batchAttack.js';
import { checkThreatModel } from '../../threatModel/checkThreatModel.js';
import type { ThreatModel } from '../../threatModel/threatModel.js';
import type { AutoAttackCheckpointStore, MemberOutcome } from './autoAttackCheckpoint.js';
import { type AutoAttackMember, type AutoAttackVersion, membersOf, RAND_SAMPLES } from './members.js';
import { type RunLog, restore, runFingerprint, snapshot } from './runLog.js';

/** Options of {@link autoAttack}. */
export interface AutoAttackOptions {
  /** The set of attacks. Default 'standard'. */
  version?: AutoAttackVersion;
  /** Your own attacks instead, by name, in their order. */
  attacks?: {
    /** Makes the attack of that name. */
    readonly [name: string]: AutoAttackMember;
  };
  /**
   * A loss in place of those of the version, for outputs that are not logits of classes: above 0 where the criterion, which
   * has to be a function too, is met. 'standard' and 'plus' then are `apgd`, `fab` and `square` on it, 'rand' is `apgd`.
   */
  loss?: LossFunction;
  /**
   * Number of classifier calls by whose mean each result, and the clean inputs, are judged. Default 20 for the version
   * 'rand', else 1.
   */
  eotSamples?: number;
  /** Where the state is saved after each attack, so that a run that was stopped resumes there. Default: nowhere. */
  checkpoint?: AutoAttackCheckpointStore;
}

/** An ensemble of attacks; see {@link autoAttack}. */
export interface AutoAttack extends Attack {
  /** The names of its attacks, in the order in which they are run. */
  readonly members: readonly string[];
  /** The attacks of its version that can't work in this threat model, and the reasons. */
  readonly skipped: {
    /** Why the attack of that name is skipped. */
    readonly [name: string]: string;
  };
  /** Like `perturb`, and gives the attack that fooled each sample as well. */
  search(
    classifier: Classifier,
    inputs: Modalities,
    labels: tf.Tensor,
    options?: AutoAttackRunOptions,
  ): Promise<AutoAttackResult>;
}

/** Options of {@link AutoAttack.search}. */
export interface AutoAttackRunOptions extends PerturbOptions {
  /** Called after each attack. An error that it throws ends the run. */
  onProgress?: (progress: AutoAttackProgress) => void;
}

/** Progress of {@link AutoAttack.search}, in attacks. */
export interface AutoAttackProgress extends Progress {
  /** Outcome of the attack that is done. */
  member: MemberOutcome;
}

/** The result of {@link AutoAttack.search}. */
export interface AutoAttackResult {
  /** The inputs, each sample at the first point that fooled the classifier, or else at that with the largest margin; the caller owns the tensors. */
  adversarial: Modalities;
  /** For each sample the attack that fooled it, 'clean' if it was wrong from the start, undefined if nothing did. */
  fooledBy: (string | undefined)[];
  /**
   * For each sample the share of `eotSamples` classifier calls that are right at the returned point: their mean is the robust
   * accuracy. 0 or 1 for classifiers that are not random.
   */
  robust: number[];
  /** The outcome of each attack, in their order; those after the last sample was fooled have tried none. */
  members: MemberOutcome[];
  /** The seed that all members were given. */
  seed: number;
}

/** The value of `fooledBy` for samples that are wrong when clean. */
const CLEAN = 'clean';

const OPTIONS = /* @__PURE__ */ optionKeys<AutoAttackOptions>({
  version: true,
  attacks: true,
  loss: true,
  eotSamples: true,
  checkpoint: true,
});

/**
 * AutoAttack (Croce and Hein 2020, "Reliable evaluation of adversarial robustness with an ensemble of diverse
 * parameter-free attacks", section 6): attacks of different kinds in turn, each on the samples that are still robust.
 * Samples that are wrong when clean are not attacked and come back clean. With `targets` given, all attacks aim at them.
 *
 * - 'standard': `apgd-ce`, {@link apgd} on cross-entropy; `apgd-t`, on the targeted 'dlr' towards the 9 most likely wrong
 *   classes; `fab-t`, {@link fab} towards as many; `square`, {@link square} with 5000 queries. If any ball is in l1:
 *   `apgd-ce` with 5 restarts, `apgd-t` towards 5 classes (Croce and Hein 2021, "Mind the box").
 * - 'plus': `apgd-ce` and `apgd-dlr` with 5 restarts, `fab` untargeted with 5, `square`, `apgd-t`, `fab-t`.
 * - 'rand', for random classifiers: `apgd-ce` and `apgd-dlr` with 20 EOT samples for each gradient. A sample counts as
 *   fooled, and as wrong when clean, when the mean of the logits over 20 calls says so: by one call, samples would be
 *   fooled by chance, again in each attack. `robust` holds the share of calls that are right at each result.
 *
 * There are never more targets than wrong classes. With three classes or fewer, where 'dlr' is not defined, its attacks
 * maximise the margin, 'cw'. An attack that can't work in the threat model, such as `square` in l1, is skipped, and
 * `skipped` gives the reason: read it before you report a number as AutoAttack's.
 *
 * All attacks get the seed of the call, and their draws for a sample are those that they would make in the whole batch. So a
 * sample that one of them fools alone, with that seed, is fooled by the ensemble. The batch shrinks, so the classifier has
 * to take batches of any size. `onStep` is called once an attack, with the margins so far as loss: above 0 where fooled.
 *
 * Costs the sum of the attacks, each on the samples that are still robust, and `eotSamples` forward passes for each, for
 * the clean inputs and, if there are several, for the results.
 * For K targets on a sample that nothing fools, 'standard' costs about 100 + 100 K + 200 K + 5000 forward and 100 + 200 K
 * backward passes.
 *
 * With `checkpoint`, the state is saved before the first attack and after each. Called again on the same batch, a run that
 * was stopped resumes after the last finished attack and ends with the result, bit for bit, of one that wasn't stopped;
 * without a seed it uses the saved one. A checkpoint of another run is refused: of other members, threat model, inputs,
 * labels, targets or seed, or of a classifier that gets other samples right (a random classifier may not resume for that
 * reason). Masks and epsilons are compared by value, functions by their presence, and options of members not at all. A
 * store holds one run: give each batch its own.
 *
 * Differs from the AutoAttack repository in what its attacks differ in, and: samples that nothing fools come back at their
 * point of largest margin, not clean; untargeted `fab` takes the 9 most likely wrong classes rather than all;
 * `square` has no l1 form; its checks of the classifier are {@link checkEvaluation}. torchattacks' AutoAttack is the
 * 'standard' version in linf and l2; Foolbox has none.
 * @param threatModel what the adversary may change and by how much
 * @throws {ThreatModelError} when the threat model is not valid
 * @throws {AttackOptionsError} when an option or the version is unknown, or `attacks` is empty or one of them is called 'clean'
 * @example
 * ```ts
 * import * as tf from '@tensorflow/tfjs-core';
 * import { apgd, autoAttack, type Classifier, square } from '@amr/attacks';
 * const weights = tf.randomNormal([6, 3], 0, 1, 'float32', 1);
 * const classifier: Classifier = ({ x }) => tf.matMul(x!, weights) as tf.Tensor2D;
 * const attack = autoAttack(
 *   { x: { norm: 'linf', epsilon: 0.2, range: [0, 1] } },
 *   // Short, for the example; without `attacks` it is the standard version.
 *   { attacks: { apgd: (own) => apgd(own, { steps: 10 }), square: (own) => square(own, { queries: 50 }) } },
 * );
 * const x = tf.randomUniform([8, 6], 0, 1, 'float32', 2);
 * const labels = tf.argMax(classifier({ x }), 1) as tf.Tensor1D;
 * const { adversarial, fooledBy, members } = await attack.search(classifier, { x }, labels, { seed: 1 });
 * console.log(fooledBy, members);
 * tf.dispose(adversarial);
 * ```
 */
export function autoAttack(threatModel: ThreatModel, options: AutoAttackOptions = {}): AutoAttack {
  rejectUnknownOptions('autoAttack', options, OPTIONS);
  const {
    checkpoint,
    loss,
    eotSamples = options.version === 'rand' && !options.attacks ? RAND_SAMPLES : 1,
  } = options;
  checkCount('autoAttack.eotSamples', eotSamples);
  checkThreatModel(threatModel);
  const { members, skipped } = chooseMembers(threatModel, options);
  const names = Object.keys(members);

  const search: AutoAttack['search'] = async (classifier, inputs, labels, given = {}) => {
    checkPerturbOptions(given, ['onProgress']);
    const saved = await checkpoint?.load();
    const seed = given.seed ?? saved?.seed ?? 0;
    const judged = { eotSamples, loss };
    const batch = await BatchAttack.create(
      [threatModel],
      classifier,
      inputs,
      labels,
      { ...given, seed },
      judged,
    );
    try {
      const classes = await batch.evaluateClean();
      const log: RunLog = {
        fooledBy: batch.fooled.map((wrong) => (wrong ? CLEAN : undefined)),
        members: [],
      };
      const fingerprint = checkpoint
        ? await runFingerprint(names, threatModel, inputs, labels, batch.fooled, { ...given, seed })
        : {};
      if (saved) restore(saved, fingerprint, batch, log);
      const save = async () => checkpoint?.save(await snapshot(fingerprint, seed, batch, log));
      if (!saved) await save();
      const progressAfter = progressClock(log.members.length);
      for (const [i, name] of names.entries()) {
        if (i < log.members.length) continue;
        const { robustRows } = batch;
        if (robustRows.length > 0) {
          const run = await batch.attackRows(robustRows, threatModel, (own) =>
            members[name]!(own, { classes }),
          );
          batch.keepAndDispose(run, (row, k) => {
            if (run.fooled[k]) log.fooledBy[row] = name;
            return batch.improves(run, row, k);
          });
        }
        const fooled = robustRows.filter((row) => batch.fooled[row]).length;
        const outcome = { name, tried: robustRows.length, fooled };
        log.members.push(outcome);
        if (robustRows.length > 0) await save();
        await batch.report(i + 1, names.length);
        given.onProgress?.({ ...progressAfter(i + 1, names.length), member: outcome });
      }
      return { adversarial: batch.adversarial(), ...log, robust: await batch.robustShare(), seed };
    } finally {
      batch.dispose();
    }
  };
  return {
    name: 'autoAttack',
    threatModel,
    members: names,
    skipped,
    search,
    async perturb(classifier, inputs, labels, given) {
      return (await search(classifier, inputs, labels, given)).adversarial;
    },
  };
}

/** The attacks that work in the threat model, and the reasons why the others of a version don't. */
function chooseMembers(
  threatModel: ThreatModel,
  { version = 'standard', attacks, loss }: AutoAttackOptions,
): { members: { readonly [name: string]: AutoAttackMember }; skipped: { [name: string]: string } } {
  // Each attack is made once now, so that errors in its options show before any work.
  const trial = { classes: 10 };
  if (attacks) {
    const names = Object.keys(attacks);
    const valid = names.length > 0 && !names.includes(CLEAN);
    checkOption(
      'autoAttack.attacks',
      attacks,
      valid,
      `at least one attack by its name, and none called '${CLEAN}'`,
    );
    for (const attack of Object.values(attacks)) attack(threatModel, trial);
    return { members: attacks, skipped: {} };
  }
  checkOneOf('autoAttack.version', version, ['standard', 'plus', 'rand']);
  const members: { [name: string]: AutoAttackMember } = {};
  const skipped: { [name: string]: string } = {};
  for (const [name, member] of Object.entries(membersOf(version, threatModel, loss))) {
    try {
      member(threatModel, trial);
      members[name] = member;
    } catch (error) {
      if (!(error instanceof ThreatModelError)) throw error;
      skipped[name] = error.message;
    }
  }
  return { members, skipped };
}
