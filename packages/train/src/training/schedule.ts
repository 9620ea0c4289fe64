import { TrainOptionError } from '../errors.js';
import { checkFraction, checkNotNegative, rejectUnknownOptions } from '../options.js';

/**
 * The learning rate of a step.
 * @param progress fraction of the whole training that is done before this step, in [0, 1)
 * @param step number of this step, from 0
 * @param base the learning rate that the optimizer had when the trainer was built
 */
export type Schedule = ((progress: number, step: number, base: number) => number) & {
  /** Names the schedule with its parameters; a checkpoint of a run with another label is refused. Default: 'custom'. */
  label?: string;
};

/**
 * The same learning rate throughout.
 * @param rate default: the optimizer's
 * @throws {TrainOptionError} for a rate that is not a number of 0 or more
 */
export function constant(rate?: number): Schedule {
  if (rate !== undefined) checkNotNegative('constant.rate', rate);
  return Object.assign((_progress: number, _step: number, base: number) => rate ?? base, {
    label: `constant(${rate ?? 'base'})`,
  });
}

/** Options of {@link cosine}. */
export interface CosineOptions {
  /** Fraction of the training, in [0, 1), during which the rate rises linearly from 0. Default: 0. */
  warmup?: number;
  /** Highest learning rate. Default: the optimizer's. */
  peak?: number;
  /** Learning rate at the end. Default: 0. */
  floor?: number;
}

/**
 * Rises linearly to `peak`, then falls along half a cosine to `floor` (Loshchilov and Hutter, SGDR, 2017, eq. 5,
 * without restarts).
 * @throws {TrainOptionError} for an unknown option, a warm-up outside [0, 1), or a rate that is not a number of 0 or more
 * @example
 * ```ts
 * import { cosine } from '@amr/train';
 *
 * const schedule = cosine({ warmup: 0.1, peak: 0.2 });
 * console.log(schedule(0.05, 5, 0.1), schedule(0.1, 10, 0.1), schedule(0.55, 55, 0.1)); // 0.1 0.2 0.1
 * ```
 */
export function cosine(options: CosineOptions = {}): Schedule {
  const { warmup = 0, peak, floor = 0 } = options;
  rejectUnknownOptions('cosine', options, ['warmup', 'peak', 'floor'] satisfies (keyof CosineOptions)[]);
  checkFraction('cosine.warmup', warmup);
  if (peak !== undefined) checkNotNegative('cosine.peak', peak);
  checkNotNegative('cosine.floor', floor);
  const schedule = (progress: number, _step: number, base: number) => {
    const top = peak ?? base;
    if (progress < warmup) return (top * progress) / warmup;
    const done = (progress - warmup) / (1 - warmup);
    return floor + (top - floor) * 0.5 * (1 + Math.cos(Math.PI * Math.min(done, 1)));
  };
  return Object.assign(schedule, { label: `cosine(${warmup},${peak ?? 'base'},${floor})` });
}

/**
 * The learning rate of a step: the schedule's, or the optimizer's without one.
 * @throws {TrainOptionError} when the schedule gives no finite number
 */
export function learningRateAt(
  { schedule, baseRate }: { schedule: Schedule | undefined; baseRate: number },
  step: number,
  total: number,
): number {
  const rate = schedule ? schedule(step / total, step, baseRate) : baseRate;
  if (!Number.isFinite(rate)) {
    throw new TrainOptionError(
      `AdversarialTrainer.schedule: got ${rate} as the learning rate of step ${step}; expected a finite number.`,
    );
  }
  return rate;
}
