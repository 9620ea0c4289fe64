import { type Check, inconclusive, passed, warning } from '../checkContext/check.js';

/** The last steps: a tenth of them, which by an even rise would bring a tenth of the whole. */
const LAST = 0.1;
/** Steps below which the course of the loss can't be told. */
const FEWEST = 3;
/** Pace of the last steps, as a share of the average, from which more steps would be worth it. */
const PACE = 0.5;

/** Whether the loss still rises at the last step, for samples that stand (Carlini et al. 2019: attacks must converge). */
export const risingLoss: Check = {
  name: 'rising-loss',
  needs: 'robust',
  async run(subject) {
    const { losses, robust, name } = await subject.attacked();
    if (!losses || losses.length < FEWEST) {
      return inconclusive(
        losses
          ? `'${name}' takes ${losses.length} ${losses.length === 1 ? 'step' : 'steps'}, too few to tell whether its loss has come to rest.`
          : `'${name}' reports no single course of its loss, so whether it has come to rest can't be told.`,
        { steps: losses?.length ?? 0 },
      );
    }
    const places = robust.map((row) => subject.correct.indexOf(row));
    const courses = places.map((place) => losses.map((step) => step[place]!));
    const paces = courses.map(finalPace);
    const moving = paces.filter((pace) => pace !== undefined);
    const pace = moving.reduce((sum, value) => sum + value, 0) / moving.length;
    const figures = {
      steps: losses.length,
      standing: robust.length,
      unmoved: paces.length - moving.length,
      ...(moving.length > 0 && { pace }),
    };
    if (2 * moving.length < paces.length) {
      return warning(
        `The loss of '${name}' never rises above where it began for ${figures.unmoved} of the ${robust.length} samples that stand: the gradient doesn't lead uphill, or the steps are too long. Try other step sizes, a random start, and an attack without gradients.`,
        figures,
      );
    }
    return pace > PACE
      ? warning(
          `In the last steps of '${name}' the loss of the samples that stand still rises at ${Math.round(100 * pace)} % of its average pace over ${losses.length} steps: the attack has not come to rest. Give it more or longer steps, until the accuracy no longer changes.`,
          figures,
        )
      : passed(
          `The loss of the samples that stand has come to rest: in the last of ${losses.length} steps it rises at ${Math.round(100 * pace)} % of its average pace.`,
          figures,
        );
  },
};

/**
 * How fast a loss rises at its end against its whole rise, both per step: the mean over the last tenth of the steps less
 * the mean over as many before. 1 for an even rise, 0 at rest; undefined if it never rises.
 */
function finalPace(course: readonly number[]): number | undefined {
  const steps = course.length;
  const window = Math.max(1, Math.floor(LAST * steps));
  const rise = Math.max(...course) - course[0]!;
  if (!(rise > 0)) return undefined;
  const last = mean(course.slice(-window)) - mean(course.slice(-2 * window, -window));
  return Math.max(0, last / window / (rise / (steps - 1)));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
