/** A stop flag that a worker can read in the middle of synchronous work: one shared integer. */
export type StopFlag = Int32Array;

export const stopFlag = (): StopFlag => new Int32Array(new SharedArrayBuffer(4));

export const requestStop = (flag: StopFlag): void => {
  Atomics.store(flag, 0, 1);
};

/**
 * An AbortSignal that follows the flag. Numerical work blocks a thread's event loop, so the signal is updated
 * by `check`, called between steps, and not by a message.
 */
export function signalOf(flag: StopFlag): { signal: AbortSignal; check: () => void } {
  const controller = new AbortController();
  const check = () => {
    if (Atomics.load(flag, 0) === 1 && !controller.signal.aborted) controller.abort();
  };
  return { signal: controller.signal, check };
}
