type Signals = readonly (AbortSignal | undefined)[];

/**
 * Runs something with a signal that aborts as soon as one of these does. Unlike with `AbortSignal.any`, nothing of it stays with a
 * signal that lives on.
 */
export async function withSignals<T>(signals: Signals, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const stop = onAbort(signals, (reason) => controller.abort(reason));
  try {
    return await run(controller.signal);
  } finally {
    stop();
  }
}

/** What the promise gives, unless the signal aborts before; the promise itself goes on. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = onAbort([signal], reject);
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    stop();
  }
}

/** Waits so many milliseconds, or until one of the signals aborts. */
export async function pause(milliseconds: number, signals: Signals): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
    stop = onAbort(signals, () => resolve());
  });
  clearTimeout(timer);
  stop();
}

/** Calls when one of the signals aborts, at once if one has; the result ends that. */
function onAbort(signals: Signals, call: (reason: unknown) => void): () => void {
  const ends: (() => void)[] = [];
  for (const signal of signals) {
    if (!signal) continue;
    const listener = () => call(signal.reason);
    if (signal.aborted) listener();
    else {
      signal.addEventListener('abort', listener);
      ends.push(() => signal.removeEventListener('abort', listener));
    }
  }
  return () => {
    for (const end of ends) end();
  };
}
