import type { Progress } from './job.js';

/** A trainer's progress as a job's. */
export const trainingProgress = (batch: {
  done: number;
  total: number;
  epoch: number;
  epochs: number;
  loss: number;
  accuracy: number;
}): Progress => ({
  done: batch.done,
  total: batch.total,
  text: `epoch ${batch.epoch + 1}/${batch.epochs}, loss ${batch.loss.toFixed(2)}, accuracy ${Math.round(100 * batch.accuracy)} %`,
});

/** An evaluation's progress as a job's. */
export const attackProgress = (made: {
  done: number;
  total: number;
  condition: string;
  attack: string;
}): Progress => ({ done: made.done, total: made.total, text: `${made.attack} on ${made.condition}` });

/** The progress of an evaluation's checks as a job's. */
export const checkProgress = ({
  done,
  total,
  finding,
}: {
  done: number;
  total: number;
  finding: { check: string };
}): Progress => ({
  done,
  total,
  text: `checked: ${finding.check}`,
});
