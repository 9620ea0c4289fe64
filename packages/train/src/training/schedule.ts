import { TrainOptionError } from '../errors.js';

/**
 * The learning rate of a step.
 * @param progress share of the whole training that is done before this step, in [0, 1)
 * @param step number of this step, from 0
 * @param base the optimizer's own learning rate, as it was given to the trainer
 */
export type Schedule = ((progress: number, step: number, base: number) => number) & {
  /** Names the schedule with its parameters; a checkpoint of a run with another label is refused. Default: 'custom'. */
  label?: string;
};

/**
 * The same learning rate throughout.
 * @param rate default: the optimizer's own
 */
export function constant(rate?: number): Schedule {
  if (rate !== undefined) assertRate('rate', rate);
  return Object.assign((_progress: number, _step: number, base: number) => rate ?? base, {
    label: `constant(${rate ?? 'base'})`,
  });
}

/** Options of {@link cosine}. */
export interface CosineOptions {
  /** Share of the training, in [0, 1), during which the rate rises linearly from 0. Default: 0. */
  warmup?: number;
  /** Highest learning rate. Default: the optimizer's own. */
  peak?: number;
  /** Learning rate at the end. Default: 0. */
  floor?: number;
}

/**
 * Rises linearly to `peak`, then falls along half a cosine to `floor` (Loshchilov and Hutter, SGDR, 2017, eq. 5,
 * without restarts).
 * @throws {TrainOptionError} for a warm-up outside [0, 1) or a rate that is not a number of 0 or more
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
  if (!(warmup >= 0 && warmup < 1)) {
    throw new TrainOptionError(`cosine: warmup is a share of the training in [0, 1), got ${warmup}`);
  }
  if (peak !== undefined) assertRate('cosine: peak', peak);
  assertRate('cosine: floor', floor);
  const schedule = (progress: number, _step: number, base: number) => {
    const top = peak ?? base;
    if (progress < warmup) return (top * progress) / warmup;
    const done = (progress - warmup) / (1 - warmup);
    return floor + (top - floor) * 0.5 * (1 + Math.cos(Math.PI * Math.min(done, 1)));
  };
  return Object.assign(schedule, { label: `cosine(${warmup},${peak ?? 'base'},${floor})` });
}

function assertRate(name: string, rate: number): void {
  if (!(Number.isFinite(rate) && rate >= 0)) {
    throw new TrainOptionError(`${name} is a number of 0 or more, got ${rate}`);
  }
}
