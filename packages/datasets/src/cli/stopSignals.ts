/** Thrown when a command was stopped by a signal. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Abort signals for SIGINT and SIGTERM. */
interface StopSignals {
  /** Aborts at the first Ctrl-C: no further work should be started. */
  finish: AbortSignal;
  /** Aborts at the second Ctrl-C, and at SIGTERM, which schedulers send some seconds before they kill: work should stop at once. */
  signal: AbortSignal;
  /** Stops listening. */
  close(): void;
}

/**
 * Listens for SIGINT and SIGTERM.
 * @param onFinish called once at the first Ctrl-C, after which started work is finished; without it, the first Ctrl-C stops at once
 */
export function stopSignals(onFinish?: () => void): StopSignals {
  const finish = new AbortController();
  const stop = new AbortController();
  const onInterrupt = () => {
    if (!onFinish || finish.signal.aborted) return onTerminate();
    finish.abort(new Stopped('stopped'));
    onFinish();
  };
  const onTerminate = () => {
    // A third signal ends the process.
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
