import type { AttackSettings } from '../settings/settings.js';

/** The largest cost of an attack: passes of a clip through the network. */
export interface Passes {
  /** Forward only. */
  readonly forward: number;
  /** Forward, and backward to the attacked inputs. */
  readonly gradient: number;
}

const AUTO_ATTACK = { steps: 100, targetClasses: 9, queries: 5000 };

/** Passes on a clip that stays robust, as the README of `@amr/attacks` counts them. */
export function attackPasses(attack: AttackSettings, classes: number): Passes {
  const targets = (wanted: number) => Math.min(wanted, classes - 1);
  switch (attack.attack) {
    case 'fgsm':
      return { forward: 0, gradient: 1 };
    case 'pgd': {
      const restarts = attack.restarts ?? 1;
      return { forward: restarts > 1 ? restarts : 0, gradient: attack.steps * restarts };
    }
    case 'mifgsm':
      return { forward: 0, gradient: attack.steps };
    case 'apgd': {
      const runs =
        (attack.restarts ?? 1) * (attack.targetClasses === undefined ? 1 : targets(attack.targetClasses));
      return { forward: runs + (attack.targetClasses === undefined ? 0 : 1), gradient: attack.steps * runs };
    }
    case 'square':
      return { forward: attack.queries, gradient: 0 };
    case 'noise':
      return { forward: (attack.repeats ?? 1) > 1 ? attack.repeats! : 0, gradient: 0 };
    case 'autoAttack':
      return autoAttackPasses(attack, targets);
  }
}

function autoAttackPasses(
  { version, short }: Extract<AttackSettings, { attack: 'autoAttack' }>,
  targets: (wanted: number) => number,
): Passes {
  const { steps, targetClasses, queries } = short ?? AUTO_ATTACK;
  const towards = targets(targetClasses);
  // FAB goes forward twice in a step, one of them with a gradient, and six times in its final search.
  const fab = { forward: 1 + towards * (steps + 5), gradient: towards * steps };
  const plus = version === 'plus' && !short;
  // 'plus' has APGD with 5 restarts on two losses, and FAB untargeted with 5, which computes all boundaries in a step.
  const untargeted = plus ? { forward: 1 + 5 * (steps + 5), gradient: 5 * targets(9) * steps } : undefined;
  const runs = plus ? 10 : 1;
  return {
    forward: runs + towards + 1 + fab.forward + (untargeted?.forward ?? 0) + queries,
    gradient: steps * (runs + towards) + fab.gradient + (untargeted?.gradient ?? 0),
  };
}
