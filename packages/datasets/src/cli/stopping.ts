/** What ends a command that was asked to stop: no error of the data's. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** How SIGINT and SIGTERM reach the work. */
export interface Stopping {
  /** Aborts when no more should be begun: at the first Ctrl-C. */
  finish: AbortSignal;
  /** Aborts when work should end at once: at the second Ctrl-C, and at SIGTERM, which a scheduler gives some seconds before it kills. */
  signal: AbortSignal;
  /** Gives the signals back. */
  close(): void;
}

/**
 * Listens for signals.
 * @param onFinish says, once, that the work goes on to the end of what is begun; absent: the first Ctrl-C ends it at once
 */
export function stopping(onFinish?: () => void): Stopping {
  const finish = new AbortController();
  const stop = new AbortController();
  const onInterrupt = () => {
    if (!onFinish || finish.signal.aborted) return onTerminate();
    finish.abort(new Stopped('stopped'));
    onFinish();
  };
  const onTerminate = () => {
    // The third time means it.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Stopped('stopped'));
  };
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    finish: finish.signal,
    signal: stop.signal,
    close() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
