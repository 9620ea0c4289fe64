import { type Check, inconclusive, passed, warning } from '../checkContext/check.js';

/** The last steps are this fraction of all steps; with an even rise they bring the same fraction of the whole rise. */
const LAST = 0.1;
/** With fewer steps the check can't tell. */
const MIN_STEPS = 3;
/** The slope of the last steps, relative to the average slope, from which more steps are worth it. */
const MIN_SLOPE = 0.5;

/** Whether the loss of robust samples still rises in the last steps (Carlini et al. 2019: attacks must converge). */
export const risingLoss: Check = {
  name: 'rising-loss',
  needs: 'robust',
  async run(context) {
    const { losses, robust, name } = await context.attacked();
    if (!losses || losses.length < MIN_STEPS) {
      return inconclusive(
        losses
          ? `'${name}' takes ${losses.length} ${losses.length === 1 ? 'step' : 'steps'}, too few to tell whether its loss has converged.`
          : `'${name}' reports no single series of losses, so the check can't tell whether the loss has converged.`,
        { steps: losses?.length ?? 0 },
      );
    }
    const indices = robust.map((row) => context.correct.indexOf(row));
    const slopes = indices.map((i) => finalSlope(losses.map((step) => step[i]!)));
    const rising = slopes.filter((slope) => slope !== undefined);
    const slope = mean(rising);
    const figures = {
      steps: losses.length,
      robust: robust.length,
      neverRising: slopes.length - rising.length,
      ...(rising.length > 0 && { slope }),
    };
    if (2 * rising.length < slopes.length) {
      return warning(
        `The loss of '${name}' never rises above its first value for ${figures.neverRising} of the ${robust.length} robust samples: the gradient is no direction of ascent, or the steps are too long. Try other step sizes, a random start, and an attack without gradients.`,
        figures,
      );
    }
    return slope > MIN_SLOPE
      ? warning(
          `In the last steps of '${name}' the loss of the robust samples still rises at ${Math.round(100 * slope)} % of its average slope over ${losses.length} steps: the attack has not converged. Use more or longer steps, until the accuracy no longer changes.`,
          figures,
        )
      : passed(
          `The loss of the robust samples has converged: in the last of ${losses.length} steps it rises at ${Math.round(100 * slope)} % of its average slope.`,
          figures,
        );
  },
};

/**
 * The slope of a loss in its last steps relative to its average slope: the mean over the last tenth of the steps minus the
 * mean over as many before. 1 for an even rise, 0 after convergence; undefined if the loss never rises.
 */
function finalSlope(losses: readonly number[]): number | undefined {
  const steps = losses.length;
  const window = Math.max(1, Math.floor(LAST * steps));
  const rise = Math.max(...losses) - losses[0]!;
  if (!(rise > 0)) return undefined;
  const last = mean(losses.slice(-window)) - mean(losses.slice(-2 * window, -window));
  return Math.max(0, last / window / (rise / (steps - 1)));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
